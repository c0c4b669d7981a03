"""What a result copies from its film, and that nothing of it gets out otherwise."""

from __future__ import annotations

import pytest
from tests.dicom_files import dicom, ramp
from tests.hospital.conftest import LIMITS, Radiograph

from covidxray_api.errors import UnreadableImage
from covidxray_api.hospital.image_reference import ImageReference


def test_identity_is_kept_and_never_shown(radiograph: Radiograph) -> None:
    found = ImageReference.read(radiograph(), LIMITS)
    assert (found.study, found.series) == ("1.2.3.4", "1.2.3.4.5")
    assert str(found.source.PatientName) == "Núñez^Ana"
    assert found.source.SpecificCharacterSet == "ISO_IR 192"
    assert "PixelData" not in found.source
    for shown in (repr(found), str(found), f"{found}"):
        assert shown == "ImageReference()"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PatientBirthDate", "1970-01-02x"),
        ("PatientSex", "FEMALE"),
        ("StudyTime", "noon"),
        ("AccessionNumber", "x" * 40),
        ("PatientID", "x" * 90),
    ],
)
@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
def test_what_cannot_be_written_again_is_unknown(
    radiograph: Radiograph, name: str, value: str
) -> None:
    plain = radiograph()
    known = {"PatientBirthDate": b"19700102", "PatientSex": b"F ", "StudyTime": b"140500"}
    known |= {"AccessionNumber": b"ACC-1 ", "PatientID": b"HC-17 "}
    old = known[name]
    at = plain.index(old)
    new = value.encode() + b" " * (len(value) % 2)
    data = plain[: at - 2] + len(new).to_bytes(2, "little") + new + plain[at + len(old) :]
    found = ImageReference.read(data, LIMITS)
    assert found.source[name].is_empty
    assert found.study == "1.2.3.4"


@pytest.mark.parametrize("uid", ["", "1.2.x", "1." * 40 + "1"])
@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
def test_a_film_without_a_study_has_no_place(radiograph: Radiograph, uid: str) -> None:
    plain = radiograph(StudyInstanceUID="1.2.33333.4")
    old = b"1.2.33333.4\0"
    at = plain.index(old)
    new = uid.encode() + b"\0" * (len(uid) % 2)
    data = plain[: at - 2] + len(new).to_bytes(2, "little") + new + plain[at + len(old) :]
    with pytest.raises(UnreadableImage, match="StudyInstanceUID"):
        ImageReference.read(data, LIMITS)


@pytest.mark.parametrize("data", [b"", b"not DICOM", dicom(ramp())])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableImage):
        ImageReference.read(data, LIMITS)
