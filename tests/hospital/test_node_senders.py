"""How a destination answers, and what follows from it."""

from __future__ import annotations

import gc
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE
from tests.dicom_files import dicom, ramp
from tests.hospital.nodes import Archive, free_port

from covidxray_api.hospital.node.calling import call
from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.outbox import Delivery
from covidxray_api.hospital.node.senders import sender_of
from covidxray_api.hospital.node.sending import Refused, Unavailable

Judged = list[Refused | Unavailable | None]


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    path = tmp_path / "result"
    facts = {"SOPClassUID": SecondaryCaptureImageStorage, "StudyInstanceUID": "1.2"}
    path.write_bytes(dicom(ramp(), **facts))
    return Delivery(1, "there", "1.2.3", "structured_report", path, 0, 0.0)


def sent(entry: dict[str, Any], batch: Sequence[Delivery]) -> Judged:
    """Send results to the destination of an entry, and return why each was not taken."""
    config = NodeConfig.model_validate({"timeout_s": 5, "destinations": [{"name": "x", **entry}]})
    return [fault for _, fault in sender_of(config.destinations[0], config).send(batch)]


class Requests(list[tuple[str, dict[str, str], bytes]]):
    """What a server was asked: path, header and body."""


@contextmanager
def server(status: int, answer: bytes = b"") -> Iterator[tuple[str, Requests]]:
    asked = Requests()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, dict(self.headers.items()), body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}/base", asked
        finally:
            listening.shutdown()
            thread.join()


def failed(reason: int) -> bytes:
    """Return the answer of STOW-RS that one object failed for a reason."""
    item = {"00081197": {"vr": "US", "Value": [reason]}}
    return json.dumps({"00081198": {"vr": "SQ", "Value": [item]}}).encode()


@pytest.mark.parametrize("kind", ["stow", "fhir"])
@pytest.mark.parametrize(
    ("status", "judged"),
    [
        (200, type(None)),
        (400, Refused),
        (401, Unavailable),
        (413, Refused),
        (429, Unavailable),
        (503, Unavailable),
    ],
)
def test_a_server_takes_refuses_or_is_not_there_now(
    kind: str, status: int, judged: type, delivery: Delivery
) -> None:
    with server(status) as (url, _):
        try:
            (fault,) = sent({"kind": kind, "url": url}, [delivery])
        except Unavailable as raised:
            fault = raised

    assert type(fault) is judged


@pytest.mark.parametrize(
    ("status", "reason", "judged"),
    [
        (409, 0xC000, Refused),
        (409, 0xA700, Unavailable),
        (409, 0x0111, type(None)),
        (202, 0xB000, type(None)),
        (202, 0xA900, Refused),
    ],
)
def test_a_pacs_says_why_it_does_not_store(
    status: int, reason: int, judged: type, delivery: Delivery
) -> None:
    with server(status, failed(reason)) as (url, _):
        (fault,) = sent({"kind": "stow", "url": url}, [delivery])

    assert type(fault) is judged


def test_stored_with_a_warning_is_stored(delivery: Delivery) -> None:
    with server(202, b"{}") as (url, _):
        assert sent({"kind": "stow", "url": url}, [delivery]) == [None]


def test_a_result_travels_whole_with_what_authorizes_it(delivery: Delivery, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("Bearer abc\n")
    entry = {"kind": "stow", "authorization": str(token)}
    with server(200) as (url, asked):
        sent({**entry, "url": url}, [delivery])

    ((path, header, body),) = asked
    assert path == "/base/studies"
    assert header["Authorization"] == "Bearer abc"
    assert header["Content-Type"].startswith(
        'multipart/related; type="application/dicom"; boundary='
    )
    assert delivery.path.read_bytes() in body


# pynetdicom leaves the socket of a refused connection to the collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "stow", "url": "http://127.0.0.1:{port}/x"},
        {"kind": "fhir", "url": "http://127.0.0.1:{port}/x"},
        {"kind": "dimse", "ae_title": "PACS", "host": "127.0.0.1"},
    ],
)
def test_who_is_not_there_is_asked_again(entry: dict[str, Any], delivery: Delivery) -> None:
    port = free_port()
    found = {key: value.format(port=port) for key, value in entry.items()}
    if entry["kind"] == "dimse":
        found["port"] = port

    with pytest.raises(Unavailable):
        sent(found, [delivery])
    gc.collect()


def test_a_file_of_authorization_that_is_not_there_is_waited_for(delivery: Delivery) -> None:
    with server(200) as (url, _), pytest.raises(Unavailable, match="FileNotFoundError"):
        sent({"kind": "stow", "url": url, "authorization": "/nowhere"}, [delivery])


@pytest.mark.parametrize(
    ("status", "judged"),
    [
        (0x0000, type(None)),
        (0x0111, type(None)),
        (0xB007, type(None)),
        (0xA700, Unavailable),
        (0xA900, Refused),
        (0xC123, Refused),
    ],
)
def test_an_archive_takes_refuses_or_has_no_room(
    status: int, judged: type, delivery: Delivery
) -> None:
    answer: Callable[[], int] = lambda: status  # noqa: E731
    with Archive(answer=answer).listening() as archive:
        (fault,) = sent(archive.destination(), [delivery])

    assert type(fault) is judged


def test_what_is_sent_waits_for_no_acknowledgement_of_tcp() -> None:
    with Archive().listening() as archive:
        ae = AE("NODE")
        ae.add_requested_context(SecondaryCaptureImageStorage)
        association = call(ae, ("127.0.0.1", archive.port), "PACS")
        at_once = association.dul.socket.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        association.release()

    assert at_once == 1


def test_a_result_is_sent_in_the_transfer_syntax_that_is_accepted(delivery: Delivery) -> None:
    for accepted in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        archive = Archive(syntaxes=[accepted])
        with archive.listening():
            assert sent(archive.destination(), [delivery]) == [None]
        (stored,) = [dcmread(BytesIO(each)) for each in archive.stored]

        assert stored.file_meta.TransferSyntaxUID == accepted
        assert stored == dcmread(delivery.path)
