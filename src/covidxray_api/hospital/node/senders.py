"""The protocols by which results are sent: C-STORE, STOW-RS and FHIR."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import _config
from pynetdicom.association import Association

from covidxray_api.hospital.kinds import SOP_CLASSES
from covidxray_api.hospital.node.calling import call, requestor
from covidxray_api.hospital.node.config import (
    Destination,
    DimseDestination,
    FhirDestination,
    NodeConfig,
    StowDestination,
)
from covidxray_api.hospital.node.outbox import Delivery
from covidxray_api.hospital.node.sending import Outcome, Refused, Sender, Unavailable
from covidxray_api.hospital.node.tls import requestor_context

# It tells each request.
logging.getLogger("httpx").setLevel(logging.WARNING)

# A result that is sent as a file leaves as it is, and is not read and written anew.
_config.STORE_SEND_CHUNKED_DATASET = True

DUPLICATE = 0x0111
"""The destination has the object already (PS3.7, section 9.1.1.1.9)."""

CONFLICT, TOO_MANY = 409, 429


def sender_of(destination: Destination, config: NodeConfig) -> Sender:
    """Return what sends to a destination.

    Raises
    ------
    InvalidConfiguration
        If the certificates that it needs cannot be used.
    """
    match destination:
        case DimseDestination():
            return DimseSender(destination, config)
        case StowDestination():
            return StowSender(destination, config)
        case FhirDestination():
            return FhirSender(destination, config)


class DimseSender:
    """Sends by C-STORE, all results that there are on one association."""

    def __init__(self, destination: DimseDestination, config: NodeConfig) -> None:
        self._destination = destination
        self._ae = requestor(config)
        for sop_class in SOP_CLASSES:
            self._ae.add_requested_context(
                sop_class, [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
            )
        self._tls = (requestor_context(config), destination.host) if destination.tls else None

    def send(self, due: Iterable[Delivery]) -> Iterator[Outcome]:
        """Send results; see `Sender`."""
        to = self._destination
        association = call(self._ae, (to.host, to.port), to.ae_title, self._tls)
        if not association.is_established:
            raise Unavailable("rejected" if association.is_rejected else "no association")
        try:
            for delivery in due:
                try:
                    status = _store(association, delivery.path)
                except ValueError:
                    yield delivery, Refused("SOP class not accepted")
                except RuntimeError:
                    raise Unavailable("association lost") from None
                else:
                    yield delivery, _judged(status)
        finally:
            association.release()


def _store(association: Association, path: Path) -> int | None:
    """Send a result, and return the status of the answer, if there is one.

    Raises
    ------
    ValueError
        If its SOP class is not accepted.
    RuntimeError
        If the association is lost.
    """
    try:
        answer = association.send_c_store(path)
    except ValueError:
        # What is in the file is not in the transfer syntax that was accepted.
        answer = association.send_c_store(dcmread(path))
    status: int | None = answer.get("Status")
    return status


def _judged(status: int | None) -> Refused | Unavailable | None:
    """Return what a status of C-STORE means (PS3.4, annex B.2.3); none is no answer."""
    if status is None:
        return Unavailable("no answer")
    if status in {0x0000, DUPLICATE} or status >> 12 == 0xB:
        return None
    if status >> 8 == 0xA7:
        return Unavailable(f"status {status:04X}")
    return Refused(f"status {status:04X}")


class _HttpSender:
    """What senders by HTTP have in common."""

    def __init__(self, url: str, authorization: Path | None, config: NodeConfig) -> None:
        self._url = url
        self._authorization = authorization
        tls: Any = requestor_context(config) if url.startswith("https:") else True
        self._client = httpx.Client(timeout=config.timeout_s, verify=tls)

    def _post(self, path: str, content: bytes, media_type: str, accept: str) -> httpx.Response:
        headers = {"Content-Type": media_type, "Accept": accept}
        try:
            if self._authorization:
                headers["Authorization"] = self._authorization.read_text(encoding="ascii").strip()
            answer = self._client.post(f"{self._url}{path}", content=content, headers=headers)
        except (httpx.TransportError, OSError, UnicodeDecodeError) as error:
            raise Unavailable(type(error).__name__) from error
        code = answer.status_code
        if code in {401, 403, 408, TOO_MANY} or code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"status {code}")
        return answer


class StowSender(_HttpSender):
    """Sends by STOW-RS (PS3.18, section 10.5), each result in a request of its own."""

    def __init__(self, destination: StowDestination, config: NodeConfig) -> None:
        super().__init__(destination.url, destination.authorization, config)

    def send(self, due: Iterable[Delivery]) -> Iterator[Outcome]:
        """Send results; see `Sender`."""
        for delivery in due:
            boundary = uuid.uuid4().hex
            content = b"".join(
                [
                    f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode(),
                    delivery.path.read_bytes(),
                    f"\r\n--{boundary}--\r\n".encode(),
                ]
            )
            answer = self._post(
                "/studies",
                content,
                f'multipart/related; type="application/dicom"; boundary={boundary}',
                "application/dicom+json",
            )
            yield delivery, None if answer.status_code == 200 else _why(answer)


def _why(answer: httpx.Response) -> Refused | Unavailable | None:
    """Return why a result was not stored, by the reason that the answer states, if any."""
    code = answer.status_code
    try:
        (failed,) = answer.json()["00081198"]["Value"]
        reason = int(failed["00081197"]["Value"][0])
    except (ValueError, KeyError, TypeError, IndexError):
        # 202 without a reason: stored, with a warning (PS3.18, table 10.5.3-1).
        return None if code == httpx.codes.ACCEPTED else Refused(f"status {code}")
    return _judged(reason)


class FhirSender(_HttpSender):
    """Sends bundles to a FHIR server (R4, section 3.1.0.11: transaction)."""

    def __init__(self, destination: FhirDestination, config: NodeConfig) -> None:
        super().__init__(destination.url, destination.authorization, config)

    def send(self, due: Iterable[Delivery]) -> Iterator[Outcome]:
        """Send results; see `Sender`."""
        for delivery in due:
            media_type = "application/fhir+json"
            answer = self._post("", delivery.path.read_bytes(), media_type, media_type)
            failed = not answer.is_success
            yield delivery, Refused(f"status {answer.status_code}") if failed else None
