"""No value of a patient comes out of the service: not in answers, logs, records or files."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pypdf import PdfReader
from tests import dicom_files
from tests.hospital.nodes import SUCCESS, Archive, free_port, running
from tests.waiting import PATIENCE_S, wait_until

MARK = b"Zq7XwPatient"
"""What every value of the patient has in it, and nothing else."""

TEXTS = ("PN", "LO", "SH", "LT", "ST", "UT", "UC", "AE")
"""Value representations in which a file can say whose it is (PS3.5, section 6.2)."""

BIN = Path(sys.executable).parent


def as_base64(text: bytes) -> Iterator[bytes]:
    """Yield what a text becomes in base64 at each of the three ways to begin in it."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + text)
        yield encoded[-(-before * 8 // 6) : (before + len(text)) * 8 // 6]


SAID = re.compile(b"|".join([MARK, MARK.decode().encode("utf-16-le"), *as_base64(MARK)]), re.I)


def identified(film: bytes) -> bytes:
    """Write a radiograph with every attribute of text that DICOM has, all of one patient."""
    pixels = np.asarray(Image.open(io.BytesIO(film)).convert("L")).astype(np.uint16) * 16
    file = pydicom.dcmread(io.BytesIO(dicom_files.dicom(pixels)))
    value = MARK.decode()
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        # Groups 0000, 0002 and 0028 are of commands, of the file itself and of its pixels.
        if vr in TEXTS and keyword and not retired and tag >> 16 not in {0, 2, 0x28}:
            file.add_new(tag, vr, f"{value}^Ana" if vr == "PN" else value)
    other = Dataset()
    other.PatientID = value
    file.OtherPatientIDsSequence = [other]
    file.private_block(0x11, value, create=True).add_new(1, "LO", value)
    file.file_meta.SourceApplicationEntityTitle = value
    file.file_meta.PrivateInformationCreatorUID = "1.2.3"
    file.file_meta.PrivateInformation = MARK
    file.preamble = MARK.ljust(128, b"\0")
    written = io.BytesIO()
    pydicom.dcmwrite(written, file)
    return written.getvalue()


def test_the_file_says_whose_it_is(film: bytes) -> None:
    data = identified(film)

    assert len(SAID.findall(data)) > 500
    assert SAID.search(base64.b64encode(b"x" + data))
    for keyword in ("PatientName", "PatientID", "InstitutionName", "ReferringPhysicianName"):
        assert MARK.decode() in str(pydicom.dcmread(io.BytesIO(data))[keyword].value)


@dataclass
class Service:
    """A service in folders of its own, and what it has said."""

    address: str
    folder: Path
    answers: list[tuple[str, int, bytes]] = field(default_factory=list)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request and keep its answer."""
        answer = httpx.request(method, self.address + path, timeout=PATIENCE_S, **options)
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        self.answers.append((f"{method} {path}", answer.status_code, head.encode()))
        self.answers.append((f"{method} {path}", answer.status_code, plain(answer)))
        return answer

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield whatever lies in the service's folders."""
        for path in self.folder.rglob("*"):
            yield "name of a file", str(path.relative_to(self.folder)).encode()
            if path.is_file():
                yield str(path), path.read_bytes()


def plain(answer: httpx.Response) -> bytes:
    """Return what an answer says, out of a report's compressed streams too."""
    if answer.headers.get("content-type") != "application/pdf":
        return answer.content
    report = PdfReader(io.BytesIO(answer.content))
    streams = [page.get_contents() for page in report.pages]
    told = [page.extract_text() for page in report.pages] + [str(report.metadata)]
    return b"".join([*(s.get_data() for s in streams if s), *map(str.encode, told)])


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Service, list[str]]]:
    """Serve with everything that is written in one folder; at the end, what was logged is there."""
    for name in ("tmp", "home"):
        (folder / name).mkdir()
    environment = os.environ | {
        "COVIDXRAY_LOG_LEVEL": "debug",
        "COVIDXRAY_RECORDS": str(folder / "records.sqlite"),
        "COVIDXRAY_RECORD_SCREENINGS": "on",
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder / "home"),
    }
    command = [str(BIN / "covidxray"), "serve", "--port", "0", "--workers", "1"]
    logged: list[str] = []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=folder,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"running on (http://\S+)", line):
                break
        assert found
        yield Service(found[1], folder), logged
        process.terminate()
        logged.extend(process.stdout)


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, film: bytes
) -> tuple[Service, list[tuple[str, bytes]], list[str]]:
    """All endpoints, asked about a patient: what was answered, written, and logged."""
    data = identified(film)
    name = f"{MARK.decode()}.dcm"
    with serving(tmp_path_factory.mktemp("service")) as (service, logged):
        paths = service.ask("GET", "/openapi.json").json()["paths"]
        damaged = [
            data[:-1000],
            data[:2000],
            data[:132] + b"\xff" * 500,
            data.replace(b"CR", b"XX"),
        ]
        for path in (path for path, operations in paths.items() if takes_images(operations)):
            for accept in ("*/*", "application/pdf", "image/png", "application/x-ndjson"):
                # A batch says the names of files, to who sent them.
                sent = "1.dcm" if path.endswith("/batch") else name
                headers = {"Accept": accept}
                service.ask("POST", path, files={"file": (sent, data)}, headers=headers)
                service.ask("POST", path, content=data, headers=headers)
            for broken in damaged:
                service.ask("POST", path, files={"file": ("1.dcm", broken)})
                service.ask("POST", path, content=broken)
            service.ask("PUT", f"{path}/", content=data)
        tensor = {"name": "image", "shape": [1], "datatype": "BYTES"}
        encoded = base64.b64encode(data).decode()
        service.ask(
            "POST", "/v2/models/multi-source/infer", json={"inputs": [tensor | {"data": [encoded]}]}
        )
        for path, operations in paths.items():
            if "get" in operations:
                named = path.replace("{slug}", "unreadable-image").replace("{number}", "1")
                service.ask("GET", named)
        written = list(service.files())
    return service, written, logged


def takes_images(operations: dict[str, Any]) -> bool:
    content = operations.get("post", {}).get("requestBody", {}).get("content", {})
    return "multipart/form-data" in content


def test_no_answer_names_the_patient(
    told: tuple[Service, list[tuple[str, bytes]], list[str]],
) -> None:
    service, _, _ = told

    succeeded = {asked for asked, status, _ in service.answers if status == 200}
    assert {"POST /predict", "POST /validate", "POST /explain", "POST /report"} <= succeeded
    assert {"POST /preview", "POST /v2/models/multi-source/infer", "GET /metrics"} <= succeeded
    assert {"GET /screenings", "GET /screenings/1"} <= succeeded
    assert [asked for asked, _, said in service.answers if SAID.search(said)] == []


def test_no_file_names_the_patient(
    told: tuple[Service, list[tuple[str, bytes]], list[str]],
) -> None:
    _, written, _ = told

    assert any(name.endswith("records.sqlite") for name, _ in written)
    assert [name for name, content in written if SAID.search(content)] == []


def test_no_line_of_the_log_names_the_patient(
    told: tuple[Service, list[tuple[str, bytes]], list[str]],
) -> None:
    service, _, logged = told

    requests = [line for line in logged if '"event": "request"' in line]
    assert len(requests) == len(service.answers) // 2
    assert {json.loads(line)["status"] for line in requests} >= {200, 404, 422}
    assert [line for line in logged if SAID.search(line.encode())] == []


def test_the_node_names_the_patient_to_its_destinations_alone(film: bytes, tmp_path: Path) -> None:
    file = pydicom.dcmread(io.BytesIO(identified(film)))
    file.StudyInstanceUID, file.SeriesInstanceUID = "1.2.3.1", "1.2.3.2"
    written = io.BytesIO()
    file.save_as(written)
    whole = written.getvalue()
    metrics = free_port()
    with Archive().listening() as archive:
        config = {"destinations": [archive.destination()], "metrics_port": metrics}
        with running(tmp_path, **config) as node:
            for data in (whole, whole.replace(b"CR", b"XX"), whole):
                assert node.store(data) == [SUCCESS]
            (report,) = archive.results(1)
            wait_until(lambda: not list((tmp_path / "node" / "films").iterdir()))
            wait_until(lambda: not list((tmp_path / "node" / "results").iterdir()))
            said = [node.status().stdout, httpx.get(f"http://127.0.0.1:{metrics}/metrics").text]
            archive.answer = lambda: 0xC001
            file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = "1.2.3.9"
            file.StudyInstanceUID = "1.2.3.8"
            again = io.BytesIO()
            file.save_as(again)
            assert node.store(again.getvalue()) == [SUCCESS]
            wait_until(lambda: node.results().get(("pacs", "dead")) == 1)
            said.append(node.status().stdout)
            assert node.stop() == 0

    assert MARK.decode() in str(report.PatientName)
    assert node.logged("study answered")
    kept = [tmp_path / "node" / "node.sqlite", tmp_path / "node.toml"]
    said += [str(node.lines), *(path.read_bytes().decode("latin-1") for path in kept)]
    assert [each for each in said if SAID.search(each.encode("latin-1", "replace"))] == []


def test_a_name_in_a_wrong_address_goes_nowhere(tmp_path: Path) -> None:
    with serving(tmp_path) as (service, logged):
        name = MARK.decode()
        for path in (f"/predict/{name}", f"/{name}/x", f"/health?{name}=1", f"/v2/models/{name}"):
            answer = service.ask("PUT", path, content=b"")
            assert answer.status_code in {400, 404, 405}
            service.ask("GET", path)
        written = list(service.files())

    assert logged
    assert [line for line in logged if SAID.search(line.encode())] == []
    assert [file for file, content in written if SAID.search(content)] == []


def test_what_computes_reports_to_nobody(tmp_path: Path) -> None:
    # Where it reports to its maker, ONNX Runtime keeps a session in the temporary folder.
    inherited = {name: it for name, it in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(
        [sys.executable, "-c", "import covidxray_api.inference.onnx"],
        check=True,
        env={**inherited, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
    )

    assert list(tmp_path.iterdir()) == []
