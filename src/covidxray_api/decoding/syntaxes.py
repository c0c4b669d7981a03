"""The DICOM transfer syntaxes that are read: the table of docs/formats.md."""

from __future__ import annotations

from collections.abc import Mapping

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

TRANSFER_SYNTAXES: Mapping[UID, str] = {
    ImplicitVRLittleEndian: "NumPy",
    ExplicitVRLittleEndian: "NumPy",
    ExplicitVRBigEndian: "NumPy",
    DeflatedExplicitVRLittleEndian: "zlib",
    RLELossless: "imagecodecs",
    JPEGBaseline8Bit: "imagecodecs (libjpeg-turbo)",
    JPEGExtended12Bit: "imagecodecs (libjpeg-turbo)",
    JPEGLossless: "imagecodecs (libjpeg-turbo)",
    JPEGLosslessSV1: "imagecodecs (libjpeg-turbo)",
    JPEGLSLossless: "imagecodecs (CharLS)",
    JPEGLSNearLossless: "imagecodecs (CharLS)",
    JPEG2000Lossless: "imagecodecs (OpenJPEG)",
    JPEG2000: "imagecodecs (OpenJPEG)",
    HTJ2KLossless: "imagecodecs (OpenJPEG)",
    HTJ2KLosslessRPCL: "imagecodecs (OpenJPEG)",
    HTJ2K: "imagecodecs (OpenJPEG)",
}
"""What decodes each."""
