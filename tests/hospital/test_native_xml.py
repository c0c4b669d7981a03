"""Data sets as XML, there and back."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_files
from tests.hospital.conftest import Screened
from tests.hospital.test_structured_report import MADE

from covidxray_api.errors import UnreadableImage
from covidxray_api.hospital.native_xml import from_xml, to_xml
from covidxray_api.hospital.structured_report import structured_report
from covidxray_api.rendering.renderer import Context


def model_of(dataset: Dataset) -> dict[str, Any]:
    found: dict[str, Any] = dataset.to_json_dict(
        bulk_data_threshold=64, bulk_data_element_handler=lambda each: f"bulk/{each.tag}"
    )
    return found


def read(model: dict[str, Any]) -> Dataset:
    return Dataset.from_json(model, lambda location: location.encode())


@pytest.mark.parametrize("name", ["CT_small.dcm", "rtplan.dcm"])
def test_what_others_wrote_comes_back(name: str) -> None:
    (path,) = get_testdata_files(name)
    dataset = dcmread(path)
    dataset.PatientName = "Yamada^Tarou^^Dr=山田^太郎=やまだ^たろう"
    dataset.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    model = model_of(dataset)
    assert read(from_xml(to_xml(model))) == read(model)


def test_a_report_comes_back(screened: Screened) -> None:
    model = model_of(structured_report([screened()], Context("es", "r", MADE)))
    assert read(from_xml(to_xml(model))) == read(model)


def test_values_stand_in_the_order_of_their_numbers() -> None:
    said = (
        '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">'
        '<DicomAttribute tag="00280030" vr="DS" keyword="PixelSpacing">'
        '<Value number="2">0.5</Value><Value number="1">0.25</Value></DicomAttribute>'
        "</NativeDicomModel>"
    )
    assert from_xml(said.encode()) == {"00280030": {"vr": "DS", "Value": [0.25, 0.5]}}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html/>",
        b"<NativeDicomModel>",
        b'<NativeDicomModel><DicomAttribute vr="CS"/></NativeDicomModel>',
        b'<NativeDicomModel><DicomAttribute tag="00280010" vr="US"><Value number="1">x</Value>'
        b"</DicomAttribute></NativeDicomModel>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><NativeDicomModel>&a;</NativeDicomModel>',
    ],
)
def test_what_is_no_data_set_is_said(data: bytes) -> None:
    with pytest.raises(UnreadableImage):
        from_xml(data)
