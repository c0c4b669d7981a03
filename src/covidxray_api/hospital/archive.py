"""An archive by DICOMweb: search, retrieval and storing (PS3.18, sections 10.4 to 10.6)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Final, Self

import httpx
from pydicom import Dataset

from covidxray_api.errors import ArchiveUnavailable, BodyTooLarge
from covidxray_api.hospital.results import encoded

MODALITIES: Final = ("CR", "DX")
"""Those of radiographs (PS3.3, section C.7.3.1.1.1)."""

OTHER_PARTS: Final = ("", "CHEST", "THORAX")
"""What is stated of the examined body part where it may be the chest, none among it."""

_PAGE = 100
"""Matches that are asked for at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance is in an archive."""

    study: str
    series: str
    instance: str

    def __str__(self) -> str:
        return f"/studies/{self.study}/series/{self.series}/instances/{self.instance}"


class Archive:
    """A DICOMweb service.

    Parameters
    ----------
    url : str
        Its address, to which `/studies` is added.
    authorization : str, optional
        Value of the header Authorization.
    most_bytes : int
        Largest instance that is retrieved.
    seconds : float
        Time that it may take to answer.
    """

    def __init__(
        self, url: str, authorization: str | None, most_bytes: int, seconds: float = 30.0
    ) -> None:
        headers = {"Authorization": authorization} if authorization else {}
        self._client = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=seconds)
        self._most_bytes = most_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def radiographs(self, day: date) -> Iterator[Place]:
        """Yield the radiographs of a day's studies that may show a chest.

        Raises
        ------
        ArchiveUnavailable
            If the archive cannot be reached, or does not answer as a DICOMweb service does.
        """
        for modality in MODALITIES:
            asked = {"StudyDate": f"{day:%Y%m%d}", "ModalitiesInStudy": modality}
            for study in self._matches("/studies", asked, "StudyInstanceUID"):
                path = f"/studies/{study.StudyInstanceUID}/series"
                for series in self._matches(path, {"Modality": modality}, "SeriesInstanceUID"):
                    part = str(series.get("BodyPartExamined") or "").upper()
                    if series.get("Modality", modality) != modality or part not in OTHER_PARTS:
                        continue
                    inside = f"{path}/{series.SeriesInstanceUID}/instances"
                    for one in self._matches(inside, {}, "SOPInstanceUID"):
                        yield Place(
                            str(study.StudyInstanceUID),
                            str(series.SeriesInstanceUID),
                            str(one.SOPInstanceUID),
                        )

    def retrieve(self, place: Place) -> bytes:
        """Return an instance as a file, in the transfer syntax in which it is kept.

        Raises
        ------
        ArchiveUnavailable
            See `radiographs`.
        BodyTooLarge
            If it has more bytes than are retrieved.
        """
        accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
        received = bytearray()
        try:
            with self._client.stream("GET", str(place), headers={"Accept": accept}) as answer:
                _check(answer)
                for chunk in answer.iter_bytes():
                    received += chunk
                    if len(received) > self._most_bytes:
                        raise BodyTooLarge(limit=self._most_bytes)
        except httpx.HTTPError as error:
            raise _unavailable(error) from error
        return _only_part(bytes(received))

    def store(self, objects: Sequence[Dataset]) -> None:
        """Store objects in their study.

        Raises
        ------
        ArchiveUnavailable
            See `radiographs`; or if it does not take all of them.
        """
        boundary = uuid.uuid4().hex
        head = f"\r\n--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = b"".join(head + encoded(one) for one in objects) + f"\r\n--{boundary}--".encode()
        content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
        headers = {"Content-Type": content_type, "Accept": "application/dicom+json"}
        try:
            answer = self._client.post("/studies", content=body.lstrip(), headers=headers)
        except httpx.HTTPError as error:
            raise _unavailable(error) from error
        if answer.status_code != httpx.codes.OK:
            raise ArchiveUnavailable("refused", status=answer.status_code)

    def _matches(self, path: str, asked: Mapping[str, str], unique: str) -> Iterator[Dataset]:
        """Yield the matches of a search, page by page, until there are no more."""
        seen: set[str] = set()
        while True:
            window = {"limit": str(_PAGE), "offset": str(len(seen))}
            fields = {"includefield": "BodyPartExamined"} if path.endswith("/series") else {}
            found = [
                Dataset.from_json(one) for one in self._json(path, {**asked, **window, **fields})
            ]
            new = [one for one in found if unique in one and str(one[unique].value) not in seen]
            if not new:
                return
            seen.update(str(one[unique].value) for one in new)
            yield from new

    def _json(self, path: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        headers = {"Accept": "application/dicom+json"}
        try:
            answer = self._client.get(path, params=parameters, headers=headers)
            _check(answer)
            if answer.status_code == httpx.codes.NO_CONTENT:
                return []
            found: list[dict[str, Any]] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _unavailable(error) from error
        return found


def _check(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise ArchiveUnavailable("refused", status=answer.status_code)


def _unavailable(error: Exception) -> ArchiveUnavailable:
    return ArchiveUnavailable("unreachable", fault=type(error).__name__)


def _only_part(body: bytes) -> bytes:
    """Return the part of a `multipart/related` body that has one; a body without parts as it is."""
    if body[128:132] == b"DICM":
        return body
    start = body.find(b"--")
    boundary = body[start : body.find(b"\r\n", start)]
    head, end = body.find(b"\r\n\r\n", start), body.rfind(b"\r\n" + boundary)
    if start < 0 or not 0 < head < end:
        raise ArchiveUnavailable("unreadable")
    return body[head + 4 : end]
