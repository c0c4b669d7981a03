"""Public DICOM files: each is shown as DCMTK or pydicom shows it, or refused for a true reason."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import data_store
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, pixel_array
from pydicom.uid import JPEG2000TransferSyntaxes, JPEGTransferSyntaxes

from covidxray_api.decoding import Decoded, Limits, inspect
from covidxray_api.errors import RadiographError

SHARED = Path(__file__).parents[3] / "shared" / "data" / "dicom"
LIMITS = Limits(max_pixels=64_000_000, min_side=8)

pytestmark = [
    pytest.mark.skipif(not shutil.which("dcm2pnm"), reason="needs DCMTK"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

FOREIGN = {".py", ".pyc", ".json", ".md", ".txt", ".dump", ".gz", ".icc"}

REFUSED = {
    # They begin in the middle of a data set, big endian or after a byte that is none of DICOM's.
    "no_meta.dcm": "",
    "ExplVR_BigEndNoMeta.dcm": "",
    "README": "",
    "MR_truncated.dcm": "too_short",
    # A delimiter was written over the width that its codestream states.
    "JPEG2000-embedded-sequence-delimiter.dcm": "stated_size_differs",
    # Pixels without a size.
    "meta_missing_tsyntax.dcm": "missing_attribute",
    "nested_priv_SQ.dcm": "missing_attribute",
}
"""Reasons of what is wrong with a file itself."""

UNCOMPARED = {
    # Pillow, which decodes for pydicom here, takes its JPEG 2000 for damaged; DCMTK reads none.
    "GDCMJ2K_TextGBR.dcm",
    # The end of the last fragment is missing; pydicom then finds no pixels at all.
    "emri_small_jpeg_2k_lossless_too_short.dcm",
}
"""Read here and by nothing that it could be compared with."""


def files() -> Iterator[object]:
    seen = set()
    for root in (Path(pydicom.__file__).parent / "data", Path(data_store.__file__).parent, SHARED):
        for path in sorted(root.rglob("*")):
            if not path.is_file() or path.suffix in FOREIGN:
                continue
            data = path.read_bytes()
            if data in seen:
                continue
            seen.add(data)
            marks = [pytest.mark.data] if root == SHARED else []
            yield pytest.param(path, marks=marks, id="/".join(path.parts[-2:]))


def true_reason(path: Path) -> str | None:
    """Why a file cannot be shown, as pydicom sees it; none if it can."""
    if path.name in REFUSED:
        return REFUSED[path.name]
    dataset = pydicom.dcmread(path, force=True)
    if "PixelData" not in dataset:
        return "no_pixel_data"
    if dataset.BitsAllocated not in {1, 8, 16}:
        return "bits_allocated"
    if min(dataset.Rows, dataset.Columns) < LIMITS.min_side:
        return "image-too-small"
    return None


def plain(path: Path, folder: Path) -> Path:
    """The file, its pixels decompressed by DCMTK where DCMTK can."""
    syntax = pydicom.dcmread(path, force=True).file_meta.get("TransferSyntaxUID", "")
    tool = {"dcmdjpls": ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")}
    tool["dcmdjpeg"] = tuple(set(JPEGTransferSyntaxes) - set(JPEG2000TransferSyntaxes))
    for name, syntaxes in tool.items():
        if syntax in syntaxes:
            target = folder / "plain.dcm"
            done = subprocess.run([name, str(path), str(target)], capture_output=True)
            return path if done.returncode else target
    return path


def rendered_by_dcmtk(path: Path, folder: Path) -> np.ndarray | None:
    """What DCMTK shows with the file's first LUT or window, as gray; none if it cannot."""
    dataset = pydicom.dcmread(path, force=True)
    window = ["+Wl", "1"] if "VOILUTSequence" in dataset else ["+Wi", "1"]
    if not dataset.get("WindowWidth") and "VOILUTSequence" not in dataset:
        window = []
    target = folder / "shown.pnm"
    command = ["dcm2pnm", "--write-raw-pnm", *window, str(path), str(target)]
    if subprocess.run(command, capture_output=True).returncode or not target.exists():
        return None
    with Image.open(target) as image:
        return np.asarray(image.convert("L"), np.float64)


def stored_values(path: Path) -> tuple[pydicom.Dataset, np.ndarray]:
    """The attributes and the first frame, by pydicom."""
    dataset = pydicom.dcmread(path, force=True)
    return dataset, pixel_array(dataset, index=0)


def rendered_by_pydicom(path: Path) -> np.ndarray:
    """What pydicom shows, as gray."""
    dataset, stored = stored_values(path)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        stored = (apply_color_lut(stored, dataset) >> 8).astype(np.uint8)
    if stored.ndim == 3:
        return np.asarray(Image.fromarray(stored).convert("L"), np.float64)
    black, white = apply_voi_lut(np.array([-1e9, 1e9]), dataset)
    levels = apply_voi_lut(apply_modality_lut(stored, dataset).astype(np.float64), dataset)
    shown: np.ndarray = (levels - black) / (white - black) * 255
    return 255 - shown if dataset.PhotometricInterpretation == "MONOCHROME1" else shown


def assert_monotone(stored: np.ndarray, shown: np.ndarray) -> None:
    """Equal values are one gray level, and greater ones are no darker; padding may be black."""
    values, places = np.unique(stored, return_inverse=True)
    places = places.ravel()
    low, high = np.full(len(values), 255.0), np.zeros(len(values))
    np.minimum.at(low, places, shown.ravel())
    np.maximum.at(high, places, shown.ravel())
    assert (low == high).all()
    steps = low[low > 0]
    assert (np.diff(steps) >= 0).all() or (np.diff(steps) <= 0).all()


def decoded(path: Path) -> Decoded | RadiographError:
    try:
        return inspect(path.read_bytes(), LIMITS)
    except RadiographError as error:
        return error


@pytest.mark.parametrize("path", list(files()))
def test_a_public_file(path: Path, tmp_path: Path) -> None:
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    reason = true_reason(path)
    found = decoded(path)
    if isinstance(found, RadiographError):
        assert reason in {found.reason, found.code}
        return
    if path.name in UNCOMPARED:
        return
    assert reason is None
    shown, said = found.radiograph.pixels.astype(np.float64), set(found.radiograph.warnings)
    decompressed = plain(path, tmp_path)
    reference = rendered_by_dcmtk(decompressed, tmp_path)
    if said & {"no_voi_window", "padding_assumed"}:
        assert_monotone(stored_values(decompressed)[1], shown)
        assert np.ptp(shown) == 255 or "no_voi_window" not in said
    else:
        if reference is None:
            reference = rendered_by_pydicom(decompressed)
        assert reference.shape == shown.shape
        assert np.abs(reference - shown).mean() < 1
