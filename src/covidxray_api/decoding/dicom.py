"""DICOM Part 10 files → `Radiograph`. Nothing that identifies the patient travels on."""

from __future__ import annotations

import io
import warnings

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi, pixel_array
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from covidxray_api.decoding.limits import Limits
from covidxray_api.decoding.stretch import stretch
from covidxray_api.errors import RadiographError, UnreadableImage
from covidxray_api.radiograph import Radiograph

MEDIA_TYPE = "application/dicom"


def is_dicom(data: bytes) -> bool:
    """Tell whether the content is a DICOM file (PS3.10, section 7.1) or a bare data set.

    Old archives leave the preamble out; their data set begins with group 0008 in little endian.
    """
    return data[128:132] == b"DICM" or data[:2] == b"\x08\x00"


def decode_dicom(data: bytes, limits: Limits) -> Radiograph:
    """Decode the first frame of a DICOM file to the gray values that a viewer shows.

    The transformations are those of PS3.4, section N.2: modality LUT or rescale, VOI LUT or window,
    then inversion where small values are meant to be white.

    Parameters
    ----------
    data : bytes
        The file.
    limits : Limits
        Checked against Rows and Columns, before pixels are allocated.

    Raises
    ------
    UnreadableImage
        If the file is damaged, holds no image, or is compressed in a way that is not supported.
    ImageTooSmall, TooManyPixels
        If its size is out of bounds.
    """
    # Real files break the standard in ways that do not matter here; pydicom warns of each.
    with warnings.catch_warnings(action="ignore"):
        try:
            dataset = pydicom.dcmread(io.BytesIO(data), force=True)
            if "PixelData" not in dataset:
                raise UnreadableImage("The DICOM file holds no image.")
            limits.check(int(dataset.Rows), int(dataset.Columns))
            _complete(dataset)
            return _radiograph(dataset)
        except RadiographError:
            raise
        except Exception as error:
            # pydicom's messages may quote values of the file, so only their kind is passed on.
            raise UnreadableImage(
                f"The DICOM file cannot be decoded ({type(error).__name__})."
            ) from error


def _complete(dataset: pydicom.Dataset) -> None:
    """Supply what old files leave out, and drop what they leave empty."""
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, _ = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = syntax
    for keyword in ("ModalityLUTSequence", "VOILUTSequence"):
        tables = dataset.get(keyword) or []
        if any(table.get("LUTDescriptor") is None for table in tables):
            del dataset[keyword]
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        if keyword in dataset and dataset[keyword].value is None:
            del dataset[keyword]


def _radiograph(dataset: pydicom.Dataset) -> Radiograph:
    notes = ["first_frame_used"] if int(dataset.get("NumberOfFrames") or 1) > 1 else []
    stored = pixel_array(dataset, index=0)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)
        stored = (stored >> 8).astype(np.uint8) if stored.dtype == np.uint16 else stored
    if stored.ndim == 3:
        pixels = cv2.cvtColor(
            stretch(stored) if stored.dtype != np.uint8 else stored, cv2.COLOR_RGB2GRAY
        )
    else:
        pixels = _displayed(stored, dataset, notes)
    spacing = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing")
    return Radiograph(
        pixels=np.ascontiguousarray(pixels, dtype=np.uint8),
        media_type=MEDIA_TYPE,
        modality=dataset.get("Modality") or None,
        view_position=dataset.get("ViewPosition") or None,
        photometric_interpretation=dataset.PhotometricInterpretation,
        pixel_spacing=(float(spacing[0]), float(spacing[1])) if spacing else None,
        warnings=tuple(notes),
    )


def _displayed(
    stored: NDArray[np.integer], dataset: pydicom.Dataset, notes: list[str]
) -> NDArray[np.uint8]:
    values = apply_modality_lut(stored, dataset).astype(np.float64)
    if dataset.get("VOILUTSequence"):
        table = dataset.VOILUTSequence[0]
        whitest = 2 ** int(table.LUTDescriptor[2]) - 1
        shown = apply_voi(values.astype(np.int64), dataset) / whitest
        pixels = np.round(np.clip(shown, 0, 1) * 255).astype(np.uint8)
    elif (shape := _first_window(dataset)) is not None:
        pixels = window(values, *shape)
    else:
        notes.append("no_voi_window")
        pixels = stretch(values, ~_padding(stored, dataset))
    # Both say that small values are white; files may state either or both (PS3.3, C.8.11.3.1.2).
    inverse = dataset.get("PresentationLUTShape") == "INVERSE"
    if dataset.PhotometricInterpretation == "MONOCHROME1" or inverse:
        pixels = 255 - pixels
    return pixels


def _first_window(dataset: pydicom.Dataset) -> tuple[float, float, str] | None:
    if dataset.get("WindowCenter") is None or dataset.get("WindowWidth") is None:
        return None
    centre = float(np.atleast_1d(dataset.WindowCenter)[0])
    width = float(np.atleast_1d(dataset.WindowWidth)[0])
    function = dataset.get("VOILUTFunction") or "LINEAR"
    least = 1 if function == "LINEAR" else 1e-9
    return (centre, width, function) if width >= least else None


def window(
    values: NDArray[np.float64], centre: float, width: float, function: str
) -> NDArray[np.uint8]:
    """Map values to 0–255 through a display window: PS3.3, section C.11.2.1.2 and C.11.2.1.3.

    Parameters
    ----------
    values : ndarray of float64
        Values after the modality transformation.
    centre, width : float
        The window, in the same unit.
    function : str
        ``LINEAR``, ``LINEAR_EXACT`` or ``SIGMOID``.

    Returns
    -------
    ndarray of uint8
        Of the same shape.
    """
    if function == "SIGMOID":
        shown = 1 / (1 + np.exp(-4 * (values - centre) / width))
    elif function == "LINEAR_EXACT":
        shown = (values - centre) / width + 0.5
    else:
        # A width of 1 is a step; the formula would divide by 0.
        shown = (values - (centre - 0.5)) / max(width - 1, 1e-9) + 0.5
    return np.round(np.clip(shown, 0, 1) * 255).astype(np.uint8)


def _padding(stored: NDArray[np.integer], dataset: pydicom.Dataset) -> NDArray[np.bool_]:
    """Tell which pixels only fill the rectangle: PS3.3, section C.7.5.1.1.2."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, dtype=bool)
    limit = dataset.get("PixelPaddingRangeLimit", value)
    low, high = sorted((int(value), int(limit)))
    padding: NDArray[np.bool_] = (stored >= low) & (stored <= high)
    return padding
