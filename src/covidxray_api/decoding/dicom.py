"""DICOM images: pydicom reads the attributes, `frames` the pixels, `grayscale` shows them."""

from __future__ import annotations

import logging
import re
import struct
import zlib
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from covidxray_api.decoding import frames, grayscale, shutter, values
from covidxray_api.decoding.decoded import Decoded
from covidxray_api.decoding.encapsulation import DELIMITER, ITEM
from covidxray_api.decoding.limits import Limits
from covidxray_api.decoding.lookup import lookup_table
from covidxray_api.errors import UnreadableImage, UnsupportedFormat
from covidxray_api.radiograph import Radiograph, SpacingPlane

# pydicom logs what it finds odd and quotes it, a patient's name included.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)

# Nothing else is parsed, so that nothing that identifies the patient can slip out.
_ATTRIBUTES = [
    Tag(name)
    for name in (
        "Modality",
        "ViewPosition",
        "ViewCodeSequence",
        "ImagerPixelSpacing",
        "PixelSpacing",
        "PixelSpacingCalibrationType",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "PlanarConfiguration",
        "NumberOfFrames",
        "Rows",
        "Columns",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "PixelPaddingValue",
        "PixelPaddingRangeLimit",
        "RescaleSlope",
        "RescaleIntercept",
        "ModalityLUTSequence",
        "WindowCenter",
        "WindowWidth",
        "VOILUTFunction",
        "VOILUTSequence",
        "PresentationLUTShape",
        "ShutterShape",
        "ShutterLeftVerticalEdge",
        "ShutterRightVerticalEdge",
        "ShutterUpperHorizontalEdge",
        "ShutterLowerHorizontalEdge",
        "CenterOfCircularShutter",
        "RadiusOfCircularShutter",
        "VerticesOfThePolygonalShutter",
        "ShutterPresentationValue",
        *(
            f"{segmented}{colour}PaletteColorLookupTable{part}"
            for colour in ("Red", "Green", "Blue")
            for segmented, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
        ),
        (0x6000, 0x0010),  # an overlay, by its rows
        (0x6000, 0x3000),
        "FloatPixelData",
        "DoubleFloatPixelData",
        "PixelData",
    )
]

_STATED = (
    "Modality",
    "ViewPosition",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "NumberOfFrames",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "PresentationLUTShape",
    "ShutterShape",
)
"""Attributes that an inspection lists; none of them can name a patient."""


def sniff(data: bytes) -> str | None:
    """Tell whether a file is DICOM, with the preamble of PS3.10 section 7.1 or without.

    Older archives keep data sets without a preamble; they begin with group 0008 or 0002, little
    endian.
    """
    bare = re.match(rb"[\x02\x08]\0.\0", data, re.DOTALL)
    return "application/dicom" if data[128:132] == b"DICM" or bare else None


def decode(data: bytes, media_type: str, limits: Limits) -> Decoded:
    """Decode the first frame of a DICOM image as it is meant to be seen, in gray.

    Parameters
    ----------
    data : bytes
        A whole file.
    media_type : str
        What `sniff` told.
    limits : Limits
        Bounds on what is decoded.

    Returns
    -------
    Decoded
        With uint8 pixels of shape (height, width), 0 black, and the facts that the file states.

    Raises
    ------
    UnsupportedFormat
        If nothing here reads the transfer syntax or another feature, which it names.
    TooManyPixels, ImageTooSmall
        If the stated size is outside the limits.
    UnreadableImage
        If there are no pixels, or they are damaged.
    """
    dataset, syntax = _read(data, limits)
    if "PixelData" not in dataset:
        if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
            raise UnsupportedFormat("float_pixels")
        raise UnreadableImage("no_pixel_data")
    frame = frames.read(dataset, syntax, limits)
    stored = frame.samples
    warnings = list(frame.warnings)
    steps: list[str] = []
    seen = shutter.visible(dataset, (stored.shape[0], stored.shape[1]))
    scale: grayscale.Scale | None = None
    if frame.photometric == "PALETTE COLOR" and stored.ndim == 2:
        pixels = _palette(stored, dataset)
        steps.append("palette")
    elif stored.ndim == 3 or frame.photometric.startswith(("YBR", "RGB")):
        pixels = _luma(stored, frame.bits)
        steps.append("luma")
    elif frame.photometric.startswith("MONOCHROME"):
        shown = grayscale.display(stored, dataset, frame.bits, seen)
        pixels, steps, scale = shown.pixels, shown.steps, shown.scale
        warnings += shown.warnings
    else:
        raise UnsupportedFormat("photometric", name=frame.photometric)
    if seen is not None:
        pixels[~seen] = shutter.gray_outside(dataset)
        steps.append("shutter")
    if (values.whole(dataset, "NumberOfFrames") or 1) > 1:
        warnings.append("first_frame_used")
    spacing, plane = _spacing(dataset)
    radiograph = Radiograph(
        pixels,
        media_type,
        modality=values.text(dataset, "Modality"),
        view_position=_view(dataset),
        photometric_interpretation=frame.photometric,
        pixel_spacing=spacing,
        spacing_plane=plane,
        warnings=tuple(dict.fromkeys(warnings)),
    )
    stated = {name: "\\".join(values.texts(dataset, name)) for name in _STATED if name in dataset}
    for name in stated:
        read = [value for value in values.numbers(dataset, name) if value is not None]
        if len(read) == len(values.numbers(dataset, name)) > 0:
            stated[name] = "\\".join(f"{value:g}" for value in read)
    stated = {"TransferSyntaxUID": f"{syntax} {syntax.name}", **stated}
    return Decoded(radiograph, stored, stated, tuple(steps), scale, seen)


def _read(data: bytes, limits: Limits) -> tuple[pydicom.FileDataset, UID]:
    """Read the attributes that matter, the undecoded pixels included."""
    try:
        data = inflated(data, limits)
        dataset = pydicom.dcmread(BytesIO(data), force=True, specific_tags=_ATTRIBUTES)
        if "PixelData" not in dataset and ITEM in data:
            # The end of the fragments may be missing and nothing else.
            whole = BytesIO(data + DELIMITER)
            dataset = pydicom.dcmread(whole, force=True, specific_tags=_ATTRIBUTES)
        implicit, little = dataset.original_encoding
        syntax = values.text(dataset.file_meta, "TransferSyntaxUID")
        for keyword in ("ModalityLUTSequence", "VOILUTSequence", "ViewCodeSequence"):
            values.items(dataset, keyword)
    except values.DAMAGE as error:
        raise UnreadableImage("data_set") from error
    if syntax:
        return dataset, UID(syntax)
    if little is False:
        return dataset, ExplicitVRBigEndian
    return dataset, ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def inflated(data: bytes, limits: Limits) -> bytes:
    """Return a deflated file as a plain one (PS3.5 section A.5), and others as they are.

    pydicom would inflate all of it before any limit could be checked.
    """
    start = 132 if data[128:132] == b"DICM" else 0
    place, syntax = start, b""
    while data[place : place + 2] == b"\x02\0":
        vr = data[place + 4 : place + 6]
        if vr in {b"OB", b"UN"}:
            length = struct.unpack_from("<I", data, place + 8)[0] + 12
        else:
            length = struct.unpack_from("<H", data, place + 6)[0] + 8
        if data[place + 2 : place + 4] == b"\x10\0":
            syntax = data[place + 8 : place + length].rstrip(b"\0 ")
        place += length
    if syntax != DeflatedExplicitVRLittleEndian.encode():
        return bytes(data)
    # Three samples of two bytes, and what stands beside pixels.
    most = 6 * limits.max_pixels + 2**20
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated: bytes = stream.decompress(data[place:], most)
    if stream.unconsumed_tail:
        raise UnsupportedFormat("inflates_too_far", limit=most)
    if not stream.eof:
        raise UnreadableImage("incomplete")
    plain = ExplicitVRLittleEndian.encode() + b"\0"
    meta = b"\x02\0\x10\0UI" + struct.pack("<H", len(plain)) + plain
    return b"".join([bytes(128), b"DICM", meta, inflated])


def _palette(indices: NDArray[Any], dataset: pydicom.Dataset) -> NDArray[np.uint8]:
    """Look indices up in the palette (PS3.3 section C.7.9), in gray."""
    size = 256**indices.dtype.itemsize
    domain = np.arange(size)
    tables = [
        lookup_table(
            dataset,
            f"{colour}PaletteColorLookupTableDescriptor",
            f"{colour}PaletteColorLookupTableData",
        )
        for colour in ("Red", "Green", "Blue")
    ]
    whole = domain.astype(np.float64)
    if all(table is not None for table in tables):
        colours = np.stack([table.shares(whole) for table in tables if table is not None], -1)
        luma = np.rint(255 * np.clip(colours @ (0.299, 0.587, 0.114), 0, 1)).astype(np.uint8)
    else:
        try:
            segmented = apply_color_lut(domain.astype(f"u{indices.dtype.itemsize}")[None], dataset)
        except values.DAMAGE as error:
            raise UnreadableImage("palette") from error
        luma = _luma(segmented, 8 * segmented.dtype.itemsize)[0]
    unsigned = np.ascontiguousarray(indices).view(f"u{indices.dtype.itemsize}")
    return np.asarray(luma[unsigned], np.uint8)


def _luma(colour: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Weigh red, green and blue of up to `bits` bits as ITU-R BT.601 does, in 8 bits."""
    if colour.dtype != np.uint8:
        colour = (colour >> max(bits - 8, 0)).astype(np.uint8)
    if colour.ndim == 2:
        return np.array(colour)
    return np.asarray(
        cv2.cvtColor(np.ascontiguousarray(colour[..., :3]), cv2.COLOR_RGB2GRAY), np.uint8
    )


def _view(dataset: pydicom.Dataset) -> str | None:
    """Take the view position, else the meaning of the view's code (PS3.3 section C.8.11.5)."""
    coded = (values.text(item, "CodeMeaning") for item in values.items(dataset, "ViewCodeSequence"))
    return values.text(dataset, "ViewPosition") or next(filter(None, coded), None)


def _spacing(
    dataset: pydicom.Dataset,
) -> tuple[tuple[float, float], SpacingPlane] | tuple[None, None]:
    """Take the spacing in the patient, else at the detector, and which it is.

    A Pixel Spacing that equals Imager Pixel Spacing is that of the detector, one that differs from
    it is corrected or calibrated, as is one whose calibration type is stated; of another it cannot
    be told (PS3.3 section 10.7.1.3).
    """
    shown, detector = _pair(dataset, "PixelSpacing"), _pair(dataset, "ImagerPixelSpacing")
    if shown is None:
        return (detector, "detector") if detector else (None, None)
    if shown == detector:
        return shown, "detector"
    if detector or values.text(dataset, "PixelSpacingCalibrationType"):
        return shown, "calibrated"
    return shown, "unstated"


def _pair(dataset: pydicom.Dataset, keyword: str) -> tuple[float, float] | None:
    spacing = values.numbers(dataset, keyword)
    if len(spacing) == 2 and spacing[0] and spacing[1] and min(spacing[0], spacing[1]) > 0:
        return spacing[0], spacing[1]
    return None
