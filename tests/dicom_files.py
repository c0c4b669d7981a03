"""DICOM files for tests."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)


def ramp(dtype: str = "uint16") -> np.ndarray:
    """A 12-bit ramp from 0 at the left to 4095 at the right."""
    values: np.ndarray = np.tile(np.linspace(0, 4095, 64), (48, 1)).round().astype(dtype)
    return values


def dicom(pixels: np.ndarray | None, syntax: str = ExplicitVRLittleEndian, **facts: Any) -> bytes:
    """Write a DICOM file of a computed radiograph, of one patient; `facts` are its attributes."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = "1.2.3"
    dataset.PatientName = "Secret^Name"
    dataset.Modality = "CR"
    if pixels is not None:
        dataset.Rows, dataset.Columns = pixels.shape[-2:]
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.BitsAllocated = pixels.dtype.itemsize * 8
        dataset.BitsStored = facts.pop("BitsStored", dataset.BitsAllocated)
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
        dataset.PixelData = pixels.tobytes()
        dataset["PixelData"].VR = "OW"
    for keyword, value in facts.items():
        setattr(dataset, keyword, value)
    if syntax not in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        dataset.compress(syntax)
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()
