"""Codestreams → samples, by imagecodecs: libjpeg-turbo, OpenJPEG, and CharLS in a child process."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from covidxray_api.decoding import jpeg_ls
from covidxray_api.decoding.codestream import Codestream

DAMAGE = (
    imagecodecs.Jpeg8Error,
    imagecodecs.Jpeg2kError,
    jpeg_ls.Failed,
    # What OpenJPEG leaves to its callers, such as samples of different sizes.
    NotImplementedError,
)
"""What the codecs raise over damaged data."""

_END = b"\xff\xd9"
"""End of image of JPEG and JPEG-LS, end of codestream of JPEG 2000."""


class Incomplete(Exception):
    """A codestream ends before its image does."""


def decoded(data: bytes, stated: Codestream, red_green_blue: bool) -> tuple[NDArray[Any], bool]:
    """Decode a codestream.

    Parameters
    ----------
    data : bytes
        One frame.
    stated : Codestream
        Its header.
    red_green_blue : bool
        Whether three samples are RGB; if not, they are YCbCr, and luma alone is returned.

    Returns
    -------
    samples : ndarray of integer, shape (rows, columns) or (rows, columns, samples)
        Gray or RGB.
    ended : bool
        Whether the codestream ends with its marker; one that does not can be complete all the same.

    Raises
    ------
    Incomplete
        If the codestream is truncated.
    Jpeg8Error, Jpeg2kError, jpeg_ls.Failed
        If it is damaged, see `DAMAGE`.
    """
    ended = _END in data[-32:]
    data = data if ended else data.rstrip(b"\0") + _END
    if stated.kind in {"jpeg", "jpeg_lossless"}:
        samples = _jpeg(data, stated, red_green_blue)
        # libjpeg fills with gray what is missing. What is not missing does not depend on what
        # would follow.
        if not ended and not np.array_equal(
            samples, _jpeg(data[:-2] + b"\x55" * 64 + _END, stated, red_green_blue)
        ):
            raise Incomplete
        return samples, ended
    if stated.kind == "jpeg_ls":
        samples = jpeg_ls.decoded(data, stated.rows * stated.columns * stated.samples)
    else:
        samples = imagecodecs.jpeg2k_decode(data)
    if samples.shape[:2] != (stated.rows, stated.columns) and samples.ndim == 3:
        samples = np.moveaxis(samples, 0, -1)
    if samples.ndim == 3 and not red_green_blue:
        samples = samples[..., 0]
    return samples, ended


def _jpeg(data: bytes, stated: Codestream, red_green_blue: bool) -> NDArray[Any]:
    if stated.samples == 1:
        spaces = ("GRAYSCALE", "GRAYSCALE")
    elif red_green_blue or stated.kind == "jpeg_lossless":
        # The same on both sides: samples as they are stored.
        spaces = ("RGB", "RGB")
    else:
        spaces = ("YCBCR", "GRAYSCALE")
    found = imagecodecs.jpeg8_decode(data, colorspace=spaces[0], outcolorspace=spaces[1])
    if found.ndim == 3 and not red_green_blue:
        found = found[..., 0]
    return np.asarray(found)


def run_lengths(data: bytes, shape: tuple[int, int, int], itemsize: int) -> NDArray[Any]:
    """Decode run lengths (PS3.5 annex G), and no more of them than the image has pixels.

    Parameters
    ----------
    data : bytes
        One frame, its header of 64 bytes included.
    shape : tuple of int
        Rows, columns and samples per pixel.
    itemsize : int
        Bytes of a sample, 1 or 2.

    Raises
    ------
    Incomplete
        If a segment has fewer values than the image.
    """
    rows, columns, samples = shape
    starts = [int.from_bytes(data[place : place + 4], "little") for place in range(4, 64, 4)]
    starts = [*starts[: samples * itemsize], len(data)]
    planes = np.zeros((samples, rows * columns, itemsize), np.uint8)
    for number, (start, end) in enumerate(pairwise(starts)):
        segment = _segment(data[start:end], rows * columns)
        # The most significant byte of each sample comes first (PS3.5 section G.2).
        place = itemsize - 1 - number % itemsize
        planes[number // itemsize, :, place] = np.frombuffer(segment, np.uint8)
    found = planes.reshape(-1).view(f"<u{itemsize}").reshape(samples, rows, columns)
    return found[0] if samples == 1 else np.moveaxis(found, 0, -1)


def _segment(data: bytes, size: int) -> bytes:
    found, place = bytearray(), 0
    while len(found) < size and place < len(data):
        control = data[place]
        if control < 128:
            found += data[place + 1 : place + 2 + control]
            place += 2 + control
        else:
            if control > 128:
                found += data[place + 1 : place + 2] * (257 - control)
            place += 1 + (control > 128)
    if len(found) < size:
        raise Incomplete
    return bytes(found[:size])
