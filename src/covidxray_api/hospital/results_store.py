"""Results for a time: the DICOM objects that were made of films.

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
from covidxray_api.hospital.matching import Condition
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
        Time after which results are dropped.

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
            What columns of `COLUMNS` have to be.

        Raises
        ------
        ResultsUnavailable
            If they cannot be read.
        """
        if unknown := set(wanted) - set(COLUMNS):
            raise KeyError(*unknown)
        conditions = [Condition(f"{name} = ?", (value,)) for name, value in wanted.items()]
        return [one for (one,) in self.search("instance", conditions, 0, -1)]

    def search(
        self, column: str, conditions: Sequence[Condition], offset: int, most: int
    ) -> list[list[Dataset]]:
        """Return what searches answer of studies, series or instances; see `DESCRIBED`.

        Parameters
        ----------
        column : str
            That of `COLUMNS` by which one is told from another.
        conditions : sequence of Condition
            What holds of any of its results.
        offset : int
            How many are passed over.
        most : int
            How many are returned; all if it is negative.

        Returns
        -------
        list of list of Dataset
            Of each, all of its results; the oldest first.

        Raises
        ------
        ResultsUnavailable
            If they cannot be read.
        """
        holds = " AND ".join(condition.sql for condition in conditions) or "1"
        chosen = (
            f"SELECT {column} FROM result WHERE {holds}"  # noqa: S608  # nosec B608
            f" GROUP BY {column} ORDER BY min(made), min(rowid) LIMIT ? OFFSET ?"
        )
        query = (
            f"SELECT {column}, attributes FROM result WHERE {column} IN ({chosen})"  # noqa: S608  # nosec B608
            " ORDER BY made, rowid"
        )
        values = [value for condition in conditions for value in condition.values]
        groups: dict[str, list[Dataset]] = {}
        with self._database.transaction("DEFERRED") as connection:
            for name, attributes in connection.execute(query, (*values, most, offset)):
                groups.setdefault(name, []).append(Dataset.from_json(attributes))
        return list(groups.values())

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


def _described(one: Dataset) -> Dataset:
    """Return the attributes of an object that searches answer."""
    described = Dataset()
    for name in DESCRIBED:
        if name in one:
            described[name] = one[name]
    return described
