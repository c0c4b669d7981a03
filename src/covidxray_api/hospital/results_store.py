"""Results until they are acknowledged: the DICOM objects that were made of films.

The films themselves are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from pydicom import Dataset

from covidxray_api.errors import UnknownResult
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.results import encoded
from covidxray_api.hospital.results_database import ResultsDatabase
from covidxray_api.hospital.worklist import Worklist, enter

COLUMNS: Final[Mapping[str, str]] = {
    "study": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instance": "SOPInstanceUID",
    "sop_class": "SOPClassUID",
    "modality": "Modality",
    "patient_id": "PatientID",
    "patient_name": "PatientName",
    "study_date": "StudyDate",
    "accession_number": "AccessionNumber",
}
"""Attributes by which results are found, by the name of their column, in the order of the table."""

_FIND = """
SELECT attributes FROM result
WHERE study GLOB ? AND series GLOB ? AND instance GLOB ? AND sop_class GLOB ? AND modality GLOB ?
AND patient_id GLOB ? AND patient_name GLOB ? AND study_date GLOB ? AND accession_number GLOB ?
ORDER BY made, rowid
"""

DESCRIBED: Final = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "Modality",
    "ReferringPhysicianName",
    "StudyDescription",
    "SeriesDescription",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "StudyID",
    "SeriesNumber",
    "InstanceNumber",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
)
"""Attributes that searches answer (PS3.18, tables 10.6.3-3 to 10.6.3-5)."""


class ResultsStore:
    """Results of films, found as DICOMweb asks for them.

    Safe with several processes and threads.

    Parameters
    ----------
    path : Path
        The SQLite file, on a local disk; made where there is none.
    hours : float
        Time after which results are dropped, acknowledged or not.

    Raises
    ------
    ResultsUnavailable
        If it cannot be written.
    """

    def __init__(self, path: Path, hours: float) -> None:
        self._database = ResultsDatabase(path, hours)
        self.worklist = Worklist(self._database)
        """The studies that have results."""

    def add(
        self, films: Sequence[Film], objects: Iterable[Dataset], made: datetime, request_id: str
    ) -> None:
        """Keep the objects of an answer, and put its films on the worklist.

        The same objects of the same films are kept once, however often they are added.

        Raises
        ------
        ResultsUnavailable
            If they cannot be written.
        """
        moment = made.timestamp()
        rows = [
            (
                *(str(one.get(name, "")) for name in COLUMNS.values()),
                moment,
                _described(one).to_json(),
                encoded(one),
            )
            for one in objects
        ]
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
            enter(connection, films, made, request_id)

    def find(self, **wanted: str) -> list[Dataset]:
        """Return what searches answer of results, oldest first; see `DESCRIBED`.

        Parameters
        ----------
        **wanted
            What a column of `COLUMNS` has to match; ``*`` and ``?`` stand for other characters
            (PS3.4, section C.2.2.2.4).

        Raises
        ------
        ResultsUnavailable
            If they cannot be read.
        """
        if unknown := set(wanted) - set(COLUMNS):
            raise KeyError(*unknown)
        patterns = [wanted.get(name, "*").replace("[", "[[]") for name in COLUMNS]
        with self._database.transaction("DEFERRED") as connection:
            found = connection.execute(_FIND, patterns)
            return [Dataset.from_json(attributes) for (attributes,) in found]

    def get(self, instance: str) -> bytes:
        """Return an object as a file (PS3.10).

        Raises
        ------
        UnknownResult
            If it is not kept.
        ResultsUnavailable
            If it cannot be read.
        """
        with self._database.transaction("DEFERRED") as connection:
            query = "SELECT object FROM result WHERE instance = ?"
            found = connection.execute(query, (instance,)).fetchone()
        if found is None:
            raise UnknownResult("instance", instance=instance)
        data: bytes = found[0]
        return data

    def drop(self, instances: Iterable[str]) -> None:
        """Drop objects that their destination has acknowledged, by SOP Instance UID.

        Raises
        ------
        ResultsUnavailable
            If they cannot be dropped.
        """
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM result WHERE instance = ?", [(one,) for one in instances]
            )


def _described(one: Dataset) -> Dataset:
    """Return the attributes of an object that searches answer."""
    described = Dataset()
    for name in DESCRIBED:
        if name in one:
            described[name] = one[name]
    return described
