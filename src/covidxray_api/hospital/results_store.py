"""Results until they are acknowledged: DICOM objects and the worklist, in one SQLite file.

The films themselves are not kept. The file names patients, as their studies do: it is made for its
owner alone, what is dropped is overwritten, and nothing is kept beyond its time.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydicom import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from covidxray_api.errors import ResultsUnavailable, UnknownResult
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.results import encoded
from covidxray_api.hospital.triage import Priority, priority

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

_SCHEMA = """
CREATE TABLE IF NOT EXISTS result (
    study TEXT NOT NULL, series TEXT NOT NULL, instance TEXT PRIMARY KEY, sop_class TEXT NOT NULL,
    modality TEXT NOT NULL, patient_id TEXT NOT NULL, patient_name TEXT NOT NULL,
    study_date TEXT NOT NULL, accession_number TEXT NOT NULL, made REAL NOT NULL,
    attributes TEXT NOT NULL, object BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS result_of_study ON result (study);
CREATE TABLE IF NOT EXISTS film (
    instance TEXT PRIMARY KEY, study TEXT NOT NULL, priority INTEGER NOT NULL,
    request_id TEXT NOT NULL, made REAL NOT NULL, read REAL
);
CREATE INDEX IF NOT EXISTS film_of_study ON film (study);
"""

_FIND = """
SELECT attributes FROM result
WHERE study GLOB ? AND series GLOB ? AND instance GLOB ? AND sop_class GLOB ? AND modality GLOB ?
AND patient_id GLOB ? AND patient_name GLOB ? AND study_date GLOB ? AND accession_number GLOB ?
ORDER BY made, rowid
"""

_WAIT_S = 10.0
"""Seconds for which one process waits for another that writes."""

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


@dataclass(frozen=True, slots=True)
class Entry:
    """A study of the worklist."""

    study: str
    """Study Instance UID."""

    priority: Priority
    """That of its most urgent film."""

    films: int
    """Films of it that were screened."""

    received: datetime
    """When the first of them was."""

    read_at: datetime | None
    """When somebody marked it as read; none if a film has come since."""

    request_ids: tuple[str, ...]
    """Of the requests that screened its films, oldest first."""

    pictures: tuple[tuple[str, str], ...]
    """Series and SOP Instance UID of the secondary captures that are kept of it."""


class ResultsStore:
    """Results of films, found as DICOMweb asks for them.

    Safe with several processes and threads: each call has a connection of its own.

    Parameters
    ----------
    path : Path
        The SQLite file, on a local disk; made where there is none.
    hours : float
        Time after which results are dropped, acknowledged or not.
    """

    def __init__(self, path: Path, hours: float) -> None:
        self._path = path.expanduser()
        self._hours = hours

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
        entries = [
            (film.reference.instance, film.reference.study, priority(film.screening), request_id)
            for film in films
        ]
        with self._connection() as database:
            self._drop_old(database)
            database.executemany(
                "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
            database.executemany(
                "INSERT INTO film (instance, study, priority, request_id, made)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " read = CASE WHEN priority = excluded.priority THEN read END,"
                " priority = excluded.priority, request_id = excluded.request_id",
                [(*entry, moment) for entry in entries],
            )

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
        with self._connection() as database:
            self._drop_old(database)
            found = database.execute(_FIND, patterns)
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
        with self._connection() as database:
            self._drop_old(database)
            query = "SELECT object FROM result WHERE instance = ?"
            found = database.execute(query, (instance,)).fetchone()
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
        with self._connection() as database:
            database.executemany(
                "DELETE FROM result WHERE instance = ?", [(one,) for one in instances]
            )

    def worklist(self) -> list[Entry]:
        """Return the studies: unread before read, by priority, then in the order of their arrival.

        Raises
        ------
        ResultsUnavailable
            If they cannot be read.
        """
        with self._connection() as database:
            self._drop_old(database)
            pictures: dict[str, list[tuple[str, str]]] = {}
            for study, *picture in database.execute(
                "SELECT study, series, instance FROM result WHERE sop_class = ? ORDER BY made",
                (SecondaryCaptureImageStorage,),
            ):
                pictures.setdefault(study, []).append((picture[0], picture[1]))
            found = database.execute(
                "SELECT study, min(priority), count(*), min(made),"
                " CASE WHEN count(read) = count(*) THEN max(read) END AS read_at,"
                " group_concat(request_id, ' ') FROM (SELECT * FROM film ORDER BY made)"
                " GROUP BY study ORDER BY read_at IS NOT NULL, min(priority), min(made)"
            )
            return [
                Entry(
                    study,
                    Priority(urgency),
                    films,
                    datetime.fromtimestamp(received, UTC),
                    None if read is None else datetime.fromtimestamp(read, UTC),
                    tuple(dict.fromkeys(requests.split())),
                    tuple(pictures.get(study, ())),
                )
                for study, urgency, films, received, read, requests in found
            ]

    def mark_read(self, study: str, when: datetime | None) -> None:
        """Mark a study as read, or with None as unread.

        Raises
        ------
        UnknownResult
            If it is not on the worklist.
        ResultsUnavailable
            If it cannot be written.
        """
        moment = when.timestamp() if when else None
        with self._connection() as database:
            self._drop_old(database)
            marked = database.execute("UPDATE film SET read = ? WHERE study = ?", (moment, study))
            if not marked.rowcount:
                raise UnknownResult(study=study)

    def _drop_old(self, database: sqlite3.Connection) -> None:
        oldest = (datetime.now(UTC) - timedelta(hours=self._hours)).timestamp()
        # Who only reads does not wait for who writes.
        if database.execute("SELECT 1 FROM film WHERE made < ?", (oldest,)).fetchone():
            database.execute("DELETE FROM result WHERE made < ?", (oldest,))
            database.execute("DELETE FROM film WHERE made < ?", (oldest,))

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction, committed at the end."""
        try:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            database = sqlite3.connect(self._path, timeout=_WAIT_S)
            try:
                database.executescript(
                    "PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON;" + _SCHEMA
                )
                with database:
                    yield database
            finally:
                database.close()
        except (OSError, sqlite3.Error) as error:
            raise ResultsUnavailable("failing", path=self._path, fault=str(error)) from error


def _described(one: Dataset) -> Dataset:
    """Return the attributes of an object that searches answer."""
    described = Dataset()
    for name in DESCRIBED:
        if name in one:
            described[name] = one[name]
    return described
