"""Answers as DICOM secondary captures, for archives that show nothing but pictures."""

from __future__ import annotations

from highdicom.sc import SCImage
from pydicom import Dataset

from covidxray_api.hospital.equipment import date, equipment
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.picture import draw
from covidxray_api.rendering.renderer import Context
from covidxray_api.texts import message

SERIES_NUMBER = 9002


def secondary_capture(film: Film, context: Context) -> Dataset:
    """Return the film with its map and the answer in words, as one picture (PS3.3, A.8.1)."""
    source, name = film.reference.source, f"sc/{context.language}"
    made = SCImage(
        draw(film.explained, context),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        study_instance_uid=film.reference.study,
        series_instance_uid=film.uid(f"{name}/series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=film.uid(name),
        instance_number=1,
        patient_id=source.PatientID,
        patient_name=source.PatientName,
        patient_birth_date=source.PatientBirthDate,
        patient_sex=source.PatientSex,
        accession_number=source.AccessionNumber,
        study_id=source.StudyID,
        study_date=source.StudyDate,
        study_time=source.StudyTime,
        referring_physician_name=source.ReferringPhysicianName,
        specific_character_set=source.SpecificCharacterSet,
        patient_orientation=("L", "F"),
        series_description=message("report_title", context.language),
        **equipment(film.screening.model),
    )
    film.reference.place(made)
    # Type 2C: of a film that may lie turned neither is known.
    made.PatientOrientation = made.Laterality = None
    made.BurnedInAnnotation = "NO"  # no identity: what is written is the answer
    made.ImageComments = message("notice", context.language)
    date(made, context)
    return made
