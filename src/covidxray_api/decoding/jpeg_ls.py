"""JPEG-LS in a process of its own, which is kept, and bounded in time and memory.

CharLS can loop for minutes over a damaged header, and nothing can interrupt it but the end of its
process. Run as a script this is that process.
"""

from __future__ import annotations

import atexit
import contextlib
import struct
import subprocess
import sys
import threading
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_SECONDS, _SECONDS_PER_MEGAPIXEL = 2.0, 0.2
"""Ten times what an undamaged image takes."""

_BYTES = 1 << 30
"""Address space of the process beyond what it has at its start."""

_HEADER = struct.Struct("<4IQ")
"""Axes, up to three sides, and bytes of what follows; no axes if it failed."""


class Failed(Exception):
    """The codestream is damaged, or takes longer or more memory than any image does."""


class _Child:
    """One process, started with the first image and again after it was ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def decoded(self, data: bytes, pixels: int) -> NDArray[Any]:
        # Not with the module: the child runs this file, and loads nothing else of the package.
        from covidxray_api.decoding.deadline import seconds_left

        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self.end()
                self._process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-P", "-W", "ignore", __file__],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
                assert self._process.stdout  # noqa: S101
                self._process.stdout.read(1)
            limit = min(_SECONDS + _SECONDS_PER_MEGAPIXEL * pixels / 1e6, seconds_left())
            if limit <= 0:
                raise Failed
            watch = threading.Timer(limit, self._process.kill)
            watch.start()
            try:
                return self._asked(self._process, data)
            except (OSError, EOFError) as error:
                self.end()
                raise Failed from error
            finally:
                watch.cancel()

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            with self._process:
                self._process.kill()
            self._process = None

    @staticmethod
    def _asked(process: subprocess.Popen[bytes], data: bytes) -> NDArray[Any]:
        assert process.stdin  # noqa: S101
        assert process.stdout  # noqa: S101
        process.stdin.write(struct.pack("<Q", len(data)) + data)
        process.stdin.flush()
        axes, *sides, size = _HEADER.unpack(_read(process.stdout, _HEADER.size))
        if not axes:
            raise Failed
        shape = tuple(sides[:axes])
        itemsize = size // int(np.prod(shape))
        return np.frombuffer(_read(process.stdout, size), f"u{itemsize}").reshape(shape)


_child = _Child()
atexit.register(_child.end)


def decoded(data: bytes, pixels: int) -> NDArray[Any]:
    """Decode a JPEG-LS codestream.

    Parameters
    ----------
    data : bytes
        The codestream.
    pixels : int
        Samples that its header states, for which it is given time.

    Raises
    ------
    Failed
        If it is damaged.
    """
    return _child.decoded(data, pixels)


def _read(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def main() -> None:
    """Decode what comes, one codestream after another, until the parent is gone."""
    import resource
    from pathlib import Path

    import imagecodecs

    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + _BYTES, in_use + _BYTES))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    target.write(b"!")
    target.flush()
    with contextlib.suppress(EOFError):
        while True:
            (size,) = struct.unpack("<Q", _read(source, 8))
            data = _read(source, size)
            try:
                found = np.ascontiguousarray(imagecodecs.jpegls_decode(data))
                sides = [*found.shape, 0, 0][:3]
                target.write(_HEADER.pack(found.ndim, *sides, found.nbytes))
                target.write(found.tobytes())
            except (imagecodecs.JpeglsError, MemoryError, ValueError, NotImplementedError):
                target.write(_HEADER.pack(0, 0, 0, 0, 0))
            target.flush()


if __name__ == "__main__":
    main()
