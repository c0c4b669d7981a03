"""DICOM images, by pydicom, Pillow and GDCM."""

from __future__ import annotations

import logging
import re
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels import apply_color_lut, get_decoder, pixel_array
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from covidxray_api.decoding import gdcm_process
from covidxray_api.decoding.codestream import stated_shape
from covidxray_api.decoding.grayscale import display
from covidxray_api.decoding.limits import Limits
from covidxray_api.errors import UnreadableImage, UnsupportedFormat
from covidxray_api.radiograph import Radiograph

# pydicom logs what it finds odd and quotes it, a patient's name included.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)

_ONLY_BY_GDCM = {JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless}

# Nothing else is parsed, so that nothing that identifies the patient can slip out.
_ATTRIBUTES: list[Any] = [
    "Modality",
    "ViewPosition",
    "ImagerPixelSpacing",
    "PixelSpacing",
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
    *(
        f"{segmented}{colour}PaletteColorLookupTable{part}"
        for colour in ("Red", "Green", "Blue")
        for segmented, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
    ),
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "PixelData",
]


def sniff(data: bytes) -> str | None:
    """Tell whether a file is DICOM, with the preamble of PS3.10 section 7.1 or without.

    Older archives keep data sets without a preamble; they begin with group 0008, little endian.
    """
    bare = re.match(rb"\x08\0.\0", data, re.DOTALL)
    return "application/dicom" if data[128:132] == b"DICM" or bare else None


def decode(data: bytes, media_type: str, limits: Limits) -> Radiograph:
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
    Radiograph
        With uint8 pixels of shape (height, width), 0 black, and the facts that the file states.

    Raises
    ------
    UnsupportedFormat
        If nothing here reads the transfer syntax.
    TooManyPixels, ImageTooSmall
        If Rows and Columns state a size outside the limits.
    UnreadableImage
        If there are no pixels, or pixels of more than 16 bits. Damaged files raise whatever
        pydicom raises.
    """
    dataset = _read(data)
    limits.check(dataset.Rows, dataset.Columns)
    stored = _first_frame(data, dataset)
    warnings: list[str] = []
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        pixels = _luma(apply_color_lut(stored, dataset), 16)
    elif stored.ndim == 3:
        pixels = _luma(stored, dataset.BitsStored)
    else:
        pixels, windowed = display(stored, dataset)
        if not windowed:
            warnings.append("no_voi_window")
    if _frames(dataset) > 1:
        warnings.append("first_frame_used")
    return Radiograph(
        pixels,
        media_type,
        modality=dataset.get("Modality") or None,
        view_position=dataset.get("ViewPosition") or None,
        photometric_interpretation=dataset.PhotometricInterpretation,
        pixel_spacing=_spacing(dataset),
        warnings=tuple(warnings),
    )


def _read(data: bytes) -> pydicom.FileDataset:
    """Read the attributes that matter, the undecoded pixels included."""
    # pydicom would inflate the whole file before any limit can be checked.
    if DeflatedExplicitVRLittleEndian.encode() in data:
        raise UnsupportedFormat("deflated")
    dataset = pydicom.dcmread(BytesIO(data), force=True, specific_tags=_ATTRIBUTES)
    if "PixelData" not in dataset:
        raise UnreadableImage("no_pixel_data", size=len(data))
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, _ = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _first_frame(data: bytes, dataset: pydicom.FileDataset) -> NDArray[Any]:
    """Decode one frame, shape (rows, columns) or (rows, columns, samples)."""
    syntax: UID = dataset.file_meta.TransferSyntaxUID
    try:
        readable = get_decoder(syntax).is_available
    except NotImplementedError:
        readable = False
    if not readable:
        raise UnsupportedFormat("transfer_syntax", name=syntax.name)
    if syntax.is_encapsulated and syntax != RLELossless:
        _check_codestream(dataset)
    frame: NDArray[Any]
    if syntax in _ONLY_BY_GDCM:
        frame = gdcm_process.first_frame(data)
    else:
        plugin = "pydicom" if syntax == RLELossless else "pillow"
        frame = pixel_array(dataset, index=0, decoding_plugin=plugin)
    if frame.dtype.itemsize > 2:
        raise UnreadableImage("bits_allocated", bits=int(dataset.BitsAllocated))
    return frame


def _check_codestream(dataset: pydicom.FileDataset) -> None:
    """Refuse a frame whose own size is another than the one that passed the limits.

    Decoders believe the codestream and allocate what that states.
    """
    codestream = get_frame(dataset.PixelData, 0, number_of_frames=_frames(dataset))
    expected = (dataset.Rows, dataset.Columns, dataset.SamplesPerPixel)
    if (stated := stated_shape(codestream)) != expected:
        raise UnreadableImage(
            "stated_size_differs",
            coded="×".join(map(str, stated)),
            stated="×".join(map(str, expected)),
        )


def _frames(dataset: pydicom.FileDataset) -> int:
    """Tell how many frames the file states to hold."""
    return int(dataset.get("NumberOfFrames") or 1)


def _luma(colour: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Weigh red, green and blue of up to `bits` bits as ITU-R BT.601 does, in 8 bits."""
    if colour.dtype != np.uint8:
        colour = (colour >> max(bits - 8, 0)).astype(np.uint8)
    return np.asarray(cv2.cvtColor(colour[..., :3], cv2.COLOR_RGB2GRAY), np.uint8)


def _spacing(dataset: pydicom.FileDataset) -> tuple[float, float] | None:
    """Take the spacing of the patient's plane, else of the detector's (PS3.3 section 10.7.1.3)."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        spacing = dataset.get(keyword)
        if spacing and len(spacing) == 2 and min(spacing) > 0:
            return float(spacing[0]), float(spacing[1])
    return None
