"""What of a PNG its pixels need (PNG, third edition, section 5)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from covidxray_api.decoding.limits import Limits
from covidxray_api.errors import UnreadableImage

_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"}
"""Other chunks hold text, colour profiles, times or further frames."""

_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


@dataclass(frozen=True, slots=True)
class Png:
    """A file without what its pixels do not need, so that nothing can be wrong with that."""

    data: bytes
    bits: int
    """Bits of a sample."""
    animated: bool


def essential(data: bytes, limits: Limits) -> Png:
    """Read the chunks of a file and keep those that its pixels need.

    Raises
    ------
    TooManyPixels, ImageTooSmall
        If the header states a size outside the limits.
    UnreadableImage
        If a chunk that the pixels need is damaged or missing.
    """
    if len(data) < 33 or zlib.crc32(data[12:29]) != int.from_bytes(data[29:33]):
        raise UnreadableImage("chunk")
    width, height, bits = struct.unpack_from(">2IB", data, 16)
    limits.check(height, width)
    kept, place, animated, kind = [data[:8]], 8, False, b""
    while kind != b"IEND":
        if place + 12 > len(data):
            raise UnreadableImage("incomplete")
        length, kind = struct.unpack_from(">I4s", data, place)
        chunk = memoryview(data)[place : place + 12 + length]
        place += 12 + length
        animated |= kind == b"acTL"
        if kind not in _NEEDED:
            continue
        whole = len(chunk) == 12 + length
        if whole and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:]):
            kept.append(bytes(chunk))
        elif kind in _CRITICAL:
            raise UnreadableImage("chunk" if whole else "incomplete")
    return Png(b"".join(kept), bits, animated)
