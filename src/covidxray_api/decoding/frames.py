"""The first frame of a DICOM file: stored values, whatever they are stored as."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from covidxray_api.decoding import codecs, values
from covidxray_api.decoding.codestream import Codestream, UnreadProcess, described, starts_frame
from covidxray_api.decoding.encapsulation import first_frame
from covidxray_api.decoding.formats import TRANSFER_SYNTAXES
from covidxray_api.decoding.limits import Limits
from covidxray_api.errors import UnreadableImage, UnsupportedFormat

_UNDEFINED = 0xFFFFFFFF

_NATIVE = {
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame."""

    samples: NDArray[Any]
    """Shape (rows, columns), gray or luma or indices; or (rows, columns, 3), RGB."""

    bits: int
    """Bits that a sample uses."""

    photometric: str
    """Photometric interpretation of the pixels as they are stored."""

    warnings: tuple[str, ...] = ()
    """Codes of what was assumed."""


@dataclass(frozen=True, slots=True)
class _Header:
    """What the attributes state of the pixels (PS3.3 section C.7.6.3)."""

    rows: int
    columns: int
    samples: int
    photometric: str
    allocated: int
    bits: int
    high: int
    signed: bool
    planar: bool


def read(dataset: Dataset, syntax: UID, limits: Limits) -> Frame:
    """Decode the first frame of a file, once its size has passed the limits.

    Raises
    ------
    TooManyPixels, ImageTooSmall
        If the size is outside the limits.
    UnsupportedFormat
        If nothing here reads what the pixels are stored as.
    UnreadableImage
        If pixels are missing or damaged, or nothing tells their size.
    """
    try:
        element = dataset.get_item("PixelData")
    except values.DAMAGE as error:
        raise UnreadableImage("data_set") from error
    data = element.value if element is not None else b""
    if not isinstance(data, bytes) or not data:
        raise UnreadableImage("no_pixel_data")
    undefined = getattr(element, "length", 0) == _UNDEFINED or getattr(
        element, "is_undefined_length", False
    )
    # Some files state the syntax of another copy: fragments can be told from values.
    encapsulated = syntax not in _NATIVE
    if undefined or (encapsulated and data.startswith(b"\xfe\xff\x00\xe0")):
        try:
            frame = first_frame(data, values.whole(dataset, "NumberOfFrames") or 1)
        except (ValueError, struct.error) as error:
            raise UnreadableImage("incomplete") from error
        return _compressed(frame, dataset, syntax, limits)
    if encapsulated and starts_frame(data):
        return _compressed(data, dataset, syntax, limits)
    if syntax not in TRANSFER_SYNTAXES:
        raise UnsupportedFormat("transfer_syntax", name=_name(syntax))
    return _native(data, dataset, syntax, limits)


def _name(syntax: UID) -> str:
    return syntax.name if syntax.name != syntax else f"{syntax}"


def _header(dataset: Dataset, coded: Codestream | None = None) -> tuple[_Header, list[str]]:
    """Gather what is stated; a codestream states what the attributes leave out."""
    warnings: list[str] = []
    found = {
        keyword: values.whole(dataset, keyword)
        for keyword in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored")
    }
    if coded is not None:
        told = {
            "Rows": coded.rows,
            "Columns": coded.columns,
            "SamplesPerPixel": coded.samples,
            "BitsAllocated": 8 if coded.bits <= 8 else 16,
            "BitsStored": coded.bits,
        }
        if any(found[keyword] is None for keyword in told):
            warnings.append("attributes_from_codestream")
        found = {keyword: found[keyword] or told[keyword] for keyword in told}
    photometric = values.text(dataset, "PhotometricInterpretation")
    if photometric is None:
        warnings.append("photometric_assumed")
        photometric = "RGB" if found["SamplesPerPixel"] == 3 else "MONOCHROME2"
    missing = next((k for k in ("Rows", "Columns", "BitsAllocated") if not found[k]), None)
    if missing:
        raise UnreadableImage("missing_attribute", name=missing)
    allocated = found["BitsAllocated"] or 0
    bits = found["BitsStored"] or 0
    bits = bits if 1 <= bits <= allocated else allocated
    high = values.whole(dataset, "HighBit")
    colour = photometric == "RGB" or photometric.startswith("YBR")
    return _Header(
        rows=found["Rows"] or 0,
        columns=found["Columns"] or 0,
        samples=found["SamplesPerPixel"] or (3 if colour else 1),
        photometric=photometric,
        allocated=allocated,
        bits=bits,
        high=high if high is not None and bits - 1 <= high < allocated else bits - 1,
        signed=values.whole(dataset, "PixelRepresentation") == 1,
        planar=values.whole(dataset, "PlanarConfiguration") == 1,
    ), warnings


def _compressed(data: bytes, dataset: Dataset, syntax: UID, limits: Limits) -> Frame:
    if syntax == RLELossless and not starts_frame(data):
        return _run_lengths(data, dataset, limits)
    try:
        coded = described(data)
    except UnreadProcess as error:
        raise UnsupportedFormat("jpeg_process", process=str(error)) from error
    except (ValueError, struct.error) as error:
        if syntax not in TRANSFER_SYNTAXES:
            raise UnsupportedFormat("transfer_syntax", name=_name(syntax)) from error
        raise UnreadableImage("codestream") from error
    header, warnings = _header(dataset, coded)
    # Decoders believe the codestream and allocate what that states.
    if (header.rows, header.columns, header.samples) != coded.shape:
        raise UnreadableImage(
            "stated_size_differs",
            coded="×".join(map(str, coded.shape)),
            stated=f"{header.rows}×{header.columns}×{header.samples}",
        )
    limits.check(coded.rows, coded.columns)
    if coded.bits > 16:
        raise UnsupportedFormat("bits_allocated", bits=coded.bits)
    if coded.samples not in {1, 3}:
        raise UnsupportedFormat("samples", samples=coded.samples)
    try:
        samples, ended = codecs.decoded(data, coded, _red_green_blue(coded, header))
    except codecs.DAMAGE as error:
        raise UnreadableImage("codestream") from error
    except codecs.Incomplete as error:
        raise UnreadableImage("incomplete") from error
    if not ended:
        warnings.append("end_missing")
    if samples.shape[:2] != (coded.rows, coded.columns) or samples.dtype.itemsize > 2:
        raise UnreadableImage("codestream")
    if coded.samples == 1:
        samples = _with_sign(samples, coded.bits, header.signed)
    return Frame(samples, coded.bits, header.photometric, tuple(warnings))


def _red_green_blue(coded: Codestream, header: _Header) -> bool:
    if coded.kind in {"jpeg_lossless", "jpeg_ls"}:
        return not header.photometric.startswith("YBR")
    if coded.red_green_blue is not None:
        return coded.red_green_blue
    if coded.kind == "jpeg_2000":
        return header.photometric not in {"YBR_FULL", "YBR_FULL_422"}
    return header.photometric == "RGB"


def _with_sign(samples: NDArray[Any], bits: int, signed: bool) -> NDArray[Any]:
    """Read samples of `bits` bits with the sign that the header states, whatever the codec says."""
    kind = "i" if signed else "u"
    if samples.dtype.kind == kind and (bits == 8 * samples.dtype.itemsize or not signed):
        return samples
    unsigned = samples.view(f"u{samples.dtype.itemsize}")
    spare = 8 * samples.dtype.itemsize - bits
    shifted = (unsigned << spare).view(f"{kind}{samples.dtype.itemsize}")
    return np.asarray(shifted >> spare)


def _run_lengths(data: bytes, dataset: Dataset, limits: Limits) -> Frame:
    header, warnings = _header(dataset)
    limits.check(header.rows, header.columns)
    _check_samples(header)
    size = 1 if header.allocated <= 8 else 2
    if len(data) < 64 or struct.unpack_from("<I", data)[0] != size * header.samples:
        raise UnreadableImage("codestream")
    shape = (header.rows, header.columns, header.samples)
    try:
        samples = codecs.run_lengths(data, shape, size)
    except codecs.Incomplete as error:
        raise UnreadableImage("incomplete") from error
    return _as_stated(samples, dataset, header, warnings)


def _native(data: bytes, dataset: Dataset, syntax: UID, limits: Limits) -> Frame:
    header, warnings = _header(dataset)
    limits.check(header.rows, header.columns)
    _check_samples(header)
    pixels = header.rows * header.columns
    halved = header.photometric == "YBR_FULL_422"
    count = pixels * (2 if halved else header.samples)
    if header.allocated == 1:
        needed = -(-count // 8)
        packed = np.frombuffer(_enough(data, needed), np.uint8)
        bits = np.unpackbits(packed, count=count, bitorder="little")
        return Frame(bits.reshape(header.rows, header.columns), 1, header.photometric)
    size = header.allocated // 8
    big = syntax == ExplicitVRBigEndian
    if big and size == 1 and dataset.get_item("PixelData").VR == "OW":
        # Words of two pixels are swapped (PS3.5 section 7.3).
        data = np.frombuffer(_enough(data, count + count % 2), ">u2").astype("<u2").tobytes()
    order = ">" if big else "<"
    stored = np.frombuffer(_enough(data, count * size), f"{order}u{size}", count)
    stored = stored.astype(f"u{size}", copy=False)
    if halved:
        # Y1 Y2 Cb Cr of two pixels each (PS3.3 section C.7.6.3.1.2).
        luma = stored.reshape(-1, 4)[:, :2]
        return Frame(luma.reshape(header.rows, header.columns), header.bits, header.photometric)
    samples: NDArray[Any]
    if header.samples == 1:
        samples = stored.reshape(header.rows, header.columns)
    elif header.planar:
        planes = stored.reshape(header.samples, header.rows, header.columns)
        samples = planes.transpose(1, 2, 0)
    else:
        samples = stored.reshape(header.rows, header.columns, header.samples)
    return _as_stated(samples, dataset, header, warnings)


def _enough(data: bytes, needed: int) -> bytes:
    if len(data) < needed:
        raise UnreadableImage("too_short", there=len(data), needed=needed)
    return data[:needed]


def _check_samples(header: _Header) -> None:
    if header.allocated not in {1, 8, 16}:
        raise UnsupportedFormat("bits_allocated", bits=header.allocated)
    if header.samples not in {1, 3} or (header.allocated == 1 and header.samples != 1):
        raise UnsupportedFormat("samples", samples=header.samples)


def _as_stated(
    samples: NDArray[Any], dataset: Dataset, header: _Header, warnings: list[str]
) -> Frame:
    """Keep the bits of values that the attributes state."""
    bits = header.bits
    if samples.ndim == 3:
        if header.photometric.startswith("YBR"):
            samples = samples[..., 0]
        return Frame(samples, bits, header.photometric, tuple(warnings))
    low = header.high + 1 - bits
    if low:
        samples = samples >> low
    # Bits above the stored ones hold an overlay in old files (PS3.5 section 8.1.2); where none is
    # stated there, such values are values all the same.
    if bits < header.allocated:
        if _has_embedded_overlay(dataset):
            samples = samples & (2**bits - 1)
        elif not header.signed and int(cv2.minMaxLoc(samples)[1]) >= 2**bits:
            warnings.append("bits_beyond_stated")
            bits = header.allocated
    if header.signed:
        samples = _signed(samples, bits)
    return Frame(samples, bits, header.photometric, tuple(warnings))


def _signed(samples: NDArray[Any], bits: int) -> NDArray[Any]:
    """Extend the sign of values of `bits` bits, unless their own bits say that they are wider."""
    size = samples.dtype.itemsize
    whole = np.ascontiguousarray(samples).view(f"i{size}")
    low, high, _, _ = cv2.minMaxLoc(whole)
    if low < 0 and low >= -(2 ** (bits - 1)) and high < 2 ** (bits - 1):
        return whole
    if low < -(2 ** (bits - 1)) or high >= 2**bits:
        return whole
    return _with_sign(samples, bits, True)


def _has_embedded_overlay(dataset: Dataset) -> bool:
    """Return whether an overlay lies in the unused bits of pixels (PS3.3 C.9.2, retired form)."""
    return (0x6000, 0x0010) in dataset and (0x6000, 0x3000) not in dataset
