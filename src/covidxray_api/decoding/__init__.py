"""Decoding: bytes → `Radiograph`. Limits are checked before pixels are allocated."""

from covidxray_api.decoding.dicom import decode_dicom, is_dicom
from covidxray_api.decoding.limits import Limits
from covidxray_api.decoding.raster import decode_raster
from covidxray_api.errors import EmptyFile
from covidxray_api.radiograph import Radiograph

__all__ = ["Limits", "decode"]


def decode(data: bytes, limits: Limits) -> Radiograph:
    """Decode a file by its content, whatever its name.

    Parameters
    ----------
    data : bytes
        A DICOM Part 10, JPEG, PNG, WebP, TIFF or BMP file.
    limits : Limits
        Bounds on its size in pixels.

    Raises
    ------
    RadiographError
        If it is empty, of another format, damaged, or out of bounds.
    """
    if not data:
        raise EmptyFile("The file has no bytes.")
    if is_dicom(data):
        return decode_dicom(data, limits)
    return decode_raster(data, limits)
