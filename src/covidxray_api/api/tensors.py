"""The images in a tensor of the Open Inference Protocol, as files that the screener decodes.

An element of type BYTES is an image file. UINT8 and FP32 are the pixels of a decoded image, which
become a PGM file (netpbm.sourceforge.net/doc/pgm.html), so that all that holds for files holds for
them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import InvalidRequest

INPUT = "image"
"""Name of the tensor."""

PIXELS: dict[str, np.dtype[Any]] = {"UINT8": np.dtype("u1"), "FP32": np.dtype("<f4")}
"""Datatypes of pixels, by the protocol's names."""

LARGEST = {"UINT8": 255, "FP32": 1}
"""What white is; black is 0."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input tensor."""

    name: str
    """Its name."""

    datatype: str
    """As the protocol names it."""

    shape: Sequence[int]
    """Its lengths."""

    elements: bytes | Sequence[Any]
    """Its elements in a row; as bytes, those of BYTES each after its length, others little-endian
    (Triton's binary tensor data extension)."""


def images_of(tensors: Sequence[Tensor], most: int) -> list[bytes]:
    """Return the image files in the tensors of a request.

    Parameters
    ----------
    tensors : sequence of Tensor
        One, of image files or of pixels.
    most : int
        Most images.

    Raises
    ------
    InvalidRequest
        It says what is meant instead.
    """
    if [tensor.name for tensor in tensors] != [INPUT]:
        raise _fault(f"there is one, {INPUT!r}, of type BYTES, UINT8 or FP32", "inputs")
    (tensor,) = tensors
    if tensor.datatype == "BYTES":
        images = _files(tensor)
    elif tensor.datatype in PIXELS:
        images = [_picture(each) for each in _pixels(tensor)]
    else:
        raise _fault(
            f"datatype {tensor.datatype} is none of BYTES (image files), UINT8 (pixels from 0 to"
            " 255) and FP32 (pixels from 0 to 1)"
        )
    if len(images) > most:
        raise InvalidRequest("several_files", count=len(images), field=INPUT, most=most)
    return images


def _files(tensor: Tensor) -> list[bytes]:
    given = tensor.elements
    files = list(_unpacked(given) if isinstance(given, bytes) else given)
    if len(files) != prod(tensor.shape) or not files:
        raise _fault(f"shape {list(tensor.shape)} and {len(files)} elements")
    return files


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Yield the elements of a BYTES tensor, each after its length in four bytes."""
    place = 0
    while place < len(data):
        try:
            (length,) = struct.unpack_from("<I", data, place)
        except struct.error as error:
            raise InvalidRequest("damaged_encoding", name="BYTES") from error
        place += 4 + length
        if place > len(data):
            raise InvalidRequest("damaged_encoding", name="BYTES")
        yield data[place - length : place]


def _pixels(tensor: Tensor) -> NDArray[np.uint8]:
    """Return the pixels of a tensor, shape (n, height, width), 0 is black and 255 is white."""
    shape, kind, white = list(tensor.shape), PIXELS[tensor.datatype], LARGEST[tensor.datatype]
    if len(shape) not in {2, 3} or min(shape) < 1:
        raise _fault(
            f"shape {shape} is neither [height, width] nor [n, height, width]: pixels are those of"
            " a grey image as it is decoded, not scaled or normalized for a network"
        )
    if isinstance(tensor.elements, bytes):
        whole = len(tensor.elements) // kind.itemsize * kind.itemsize
        values: NDArray[Any] = np.frombuffer(tensor.elements[:whole], kind)
        missing = whole != len(tensor.elements)
    else:
        values, missing = _numbers(tensor), False
    if values.size != prod(shape) or missing:
        raise _fault(f"shape {shape} and {values.size} elements")
    if not (values.min() >= 0 and values.max() <= white):
        raise _fault(
            f"pixels of type {tensor.datatype} are from 0 (black) to {white} (white), these from"
            f" {values.min():g} to {values.max():g}"
        )
    if tensor.datatype == "FP32":
        values = np.rint(values * 255)
    pixels: NDArray[np.uint8] = values.astype(np.uint8).reshape(-1, *shape[-2:])
    return pixels


def _numbers(tensor: Tensor) -> NDArray[Any]:
    kinds = "iu" if tensor.datatype == "UINT8" else "iuf"
    try:
        values = np.asarray(tensor.elements)
    except (ValueError, OverflowError) as error:
        raise _fault(f"elements are no numbers of type {tensor.datatype}") from error
    if values.ndim != 1 or (values.size and values.dtype.kind not in kinds):
        raise _fault(f"elements are no numbers of type {tensor.datatype}")
    return values


def _picture(pixels: NDArray[np.uint8]) -> bytes:
    height, width = pixels.shape
    return b"P5\n%d %d\n255\n" % (width, height) + pixels.tobytes()


def _fault(words: str, place: str = f"inputs.{INPUT}") -> InvalidRequest:
    return InvalidRequest("parameters", faults=f"{place}: {words}")
