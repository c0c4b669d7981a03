"""The process that decodes JPEG-LS: it fails, is ended, and is there again."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
import time

import imagecodecs
import numpy as np
import pytest
from tests.decoding.corpus import DEEP, syntaxes

from covidxray_api.decoding import Limits, decode, jpeg_ls
from covidxray_api.decoding.deadline import awaited_until, seconds_left
from covidxray_api.errors import UnreadableImage

GOOD = bytes(imagecodecs.jpegls_encode(DEEP))
LIMITS = Limits(max_pixels=1_000_000, min_side=32)


def endless() -> bytes:
    """A codestream over which CharLS works much longer than its pixels need."""
    height, width = 60_000, 60_000
    found = bytearray(GOOD)
    start = found.index(b"\xff\xf7") + 5
    found[start : start + 4] = struct.pack(">2H", height, width)
    return bytes(found)


@pytest.fixture
def child() -> jpeg_ls._Child:
    """A process of the test's own."""
    return jpeg_ls._Child()


def test_an_image_is_decoded_by_a_process_that_is_kept(child: jpeg_ls._Child) -> None:
    assert np.array_equal(child.decoded(GOOD, DEEP.size), DEEP)
    process = child._process
    assert np.array_equal(child.decoded(GOOD, DEEP.size), DEEP)
    assert process is not None
    assert child._process is process
    child.end()
    child.end()
    assert process.poll() is not None


def test_colour_is_decoded_too(child: jpeg_ls._Child) -> None:
    colour = np.dstack([DEEP >> 4] * 3).astype(np.uint8)
    assert np.array_equal(child.decoded(imagecodecs.jpegls_encode(colour), colour.size), colour)
    child.end()


def test_damage_fails_and_costs_the_next_image_nothing(child: jpeg_ls._Child) -> None:
    with pytest.raises(jpeg_ls.Failed):
        child.decoded(GOOD[:40], DEEP.size)
    before = child._process
    assert np.array_equal(child.decoded(GOOD, DEEP.size), DEEP)
    assert child._process is before
    child.end()


def test_an_image_beyond_the_bound_of_memory_fails(child: jpeg_ls._Child) -> None:
    with pytest.raises(jpeg_ls.Failed):
        child.decoded(endless(), DEEP.size)
    assert np.array_equal(child.decoded(GOOD, DEEP.size), DEEP)
    child.end()


@pytest.mark.parametrize("stopped", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_ends_or_hangs_is_replaced(
    child: jpeg_ls._Child, stopped: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    child.decoded(GOOD, DEEP.size)
    monkeypatch.setattr(jpeg_ls, "_SECONDS", 0.2)
    assert child._process
    os.kill(child._process.pid, stopped)
    if stopped == signal.SIGKILL:
        child._process.wait()
    else:
        with pytest.raises(jpeg_ls.Failed):
            child.decoded(GOOD, DEEP.size)
    monkeypatch.undo()
    assert np.array_equal(child.decoded(GOOD, DEEP.size), DEEP)
    child.end()


def test_a_process_that_hangs_is_ended_at_the_deadline_of_the_request(
    child: jpeg_ls._Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jpeg_ls, "_SECONDS", 10_000.0)
    child.decoded(GOOD, DEEP.size)
    assert child._process
    os.kill(child._process.pid, signal.SIGSTOP)
    # Without the deadline this would outlast the test.
    with awaited_until(time.monotonic() + 0.2), pytest.raises(jpeg_ls.Failed):
        child.decoded(GOOD, DEEP.size)
    child.end()


def test_nothing_is_begun_after_the_deadline(child: jpeg_ls._Child) -> None:
    with awaited_until(time.monotonic() - 1), pytest.raises(jpeg_ls.Failed):
        child.decoded(GOOD, DEEP.size)
    assert seconds_left() == float("inf")
    child.end()


def test_a_failure_is_a_refusal() -> None:
    data = next(data for syntax, data in syntaxes().items() if syntax.endswith("4.80"))
    begun = data.index(b"\xff\xda") + 10
    with pytest.raises(UnreadableImage):
        decode(data[:begun] + b"\xff" * 200 + data[begun + 200 :], LIMITS)


def test_the_process_ends_with_its_parent() -> None:
    asked = struct.pack("<Q", len(GOOD)) + GOOD
    broken = struct.pack("<Q", 4) + b"\xff\xd8\xff\xf7"
    answered = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", jpeg_ls.__file__],
        input=asked + broken + asked[:100],
        capture_output=True,
        check=True,
    )
    stream = io.BytesIO(answered.stdout)
    assert stream.read(1) == b"!"
    axes, height, width, _, size = jpeg_ls._HEADER.unpack(stream.read(jpeg_ls._HEADER.size))
    assert (axes, height, width) == (2, *DEEP.shape)
    assert stream.read(size) == DEEP.tobytes()
    assert stream.read() == bytes(jpeg_ls._HEADER.size)
    assert answered.stderr == b""
