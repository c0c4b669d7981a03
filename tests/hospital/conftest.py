"""Radiographs as a PACS keeps them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.dicom_files import dicom

from covidxray_api.decoding import Limits
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.image_reference import ImageReference
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

LIMITS = Limits(max_pixels=64_000_000, min_side=32)

Radiograph = Callable[..., bytes]
Screened = Callable[..., Film]


@pytest.fixture(scope="session")
def screener() -> Screener:
    return Screener.from_settings(Settings())


@pytest.fixture(scope="session")
def radiograph(examples: Path) -> Radiograph:
    """Write an example as a computed radiograph of one patient; other attributes may be given."""

    def written(name: str = "covid_19", **facts: Any) -> bytes:
        pixels = cv2.imread(str(examples / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        facts = {
            "SpecificCharacterSet": "ISO_IR 100",
            "PatientName": "Núñez^Ana",
            "PatientID": "HC-17",
            "PatientBirthDate": "19700102",
            "PatientSex": "F",
            "AccessionNumber": "ACC-1",
            "StudyID": "7",
            "StudyDate": "20260301",
            "StudyTime": "140500",
            "ReferringPhysicianName": "",
            "StudyInstanceUID": "1.2.3.4",
            "SeriesInstanceUID": "1.2.3.4.5",
            "SOPInstanceUID": f"1.2.3.4.5.{len(name)}",
            **facts,
        }
        return dicom(np.asarray(pixels, np.uint8), **facts)

    return written


@pytest.fixture(scope="session")
def screened(screener: Screener, radiograph: Radiograph) -> Screened:
    """Screen an example, with its map."""

    @cache
    def film(name: str = "covid_19", **facts: Any) -> Film:
        data = radiograph(name, **facts)
        return Film(ImageReference.read(data, LIMITS), screener.explain(data))

    return film


def run(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of Debian's tools."""
    path = shutil.which(tool)
    assert path, f"{tool} is not installed"
    return subprocess.run([path, *arguments], capture_output=True, text=True, check=False)


def check_valid(path: Path) -> None:
    """Check that dicom3tools find no error in an object."""
    verified = run("dciodvfy", "-new", path)
    assert "Error" not in verified.stderr, verified.stderr
