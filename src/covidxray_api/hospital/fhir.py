"""Results as FHIR R4, for the record of the patient whose study it is."""

from __future__ import annotations

from covidxray_api.hospital.film import Film
from covidxray_api.rendering.fhir_bundle import Subject, bundle
from covidxray_api.rendering.renderer import Context


def fhir_bundle(film: Film, context: Context) -> bytes:
    """Return the answer to a film as a transaction that a FHIR server takes once.

    Patient, order and study are named by their identifiers in DICOM (R4, section 2.3.0.2, logical
    references): the server knows them by these or not at all.

    Parameters
    ----------
    film : Film
        Of several films of a study, that which answers for it.
    context : Context
        Language of the sentences, and when the answer was given.
    """
    source = film.reference.source
    subject = Subject(
        name=film.uid(f"fhir/{context.language}"),
        study=film.reference.study,
        patient_id=str(source.PatientID or ""),
        accession_number=str(source.AccessionNumber or ""),
    )
    return bundle(film.screening, context, subject)
