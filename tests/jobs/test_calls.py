"""Calls that a job has ended."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from covidxray_api.errors import InvalidConfiguration, InvalidRequest
from covidxray_api.jobs import calls
from covidxray_api.jobs.job import Asked, HandedIn
from covidxray_api.jobs.queue import JobQueue

ORIGINS = ("https://ris.hospital.example", "http://127.0.0.1:9000")


@pytest.mark.parametrize(
    "address", ["https://ris.hospital.example/a?b=c", "http://127.0.0.1:9000/"]
)
def test_those_that_are_named_may_be_called(address: str) -> None:
    calls.check_address(address, ORIGINS)


@pytest.mark.parametrize(
    "address",
    [
        "http://ris.hospital.example/",
        "https://ris.hospital.example:8443/",
        "https://ris.hospital.example.evil.example/",
        "https://ris.hospital.example@evil.example/",
        "https://me:word@ris.hospital.example/",
        "https://evil.example/https://ris.hospital.example",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "//ris.hospital.example/",
        "https://[",
        "https:// x",
        "",
    ],
)
def test_no_other_is_called(address: str) -> None:
    with pytest.raises(InvalidRequest, match="webhook"):
        calls.check_address(address, ORIGINS)


def test_a_signature_is_that_of_the_standard() -> None:
    # The example of the Standard Webhooks libraries.
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    headers = calls.signed(
        secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', 1614265330
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", b64encode(bytes(32)).decode(), "whsec_!", "whsec_é"]
)
def test_what_is_no_secret_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidConfiguration, match="webhook_secret"):
        calls.read_secret(path)


def test_a_secret_is_read(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"whsec_{b64encode(bytes(range(32))).decode()}\n")

    assert calls.read_secret(path) == bytes(range(32))
    with pytest.raises(InvalidConfiguration, match="unreadable"):
        calls.read_secret(tmp_path / "none")


def test_a_call_is_made_when_the_job_has_ended_and_again_after_a_pause(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path, 5, 1000)
    asked = Asked(
        **{"request_id": "a", "language": "en", "prefix": "", "reference": None, "model": None},
        **{"operating_point": None, "prevalence": None, "gate": None},
    )
    address = "https://ris.hospital.example/"
    job = queue.intake.add([HandedIn("a", b"a")], asked, address=address)
    assert calls.next_call(queue.database) is None

    film = queue.claim()
    assert film
    queue.answer(film, "{}", is_problem=False)
    first = calls.next_call(queue.database)

    assert first == calls.Call(job, address, is_last=False)
    assert calls.next_call(queue.database) is None
    tries: list[calls.Call | None] = [first]
    for _ in calls.PAUSES_S:
        with queue.database.transaction() as connection:
            connection.execute("UPDATE jobs SET call_at = call_at - 3600")
        tries.append(calls.next_call(queue.database))
    assert [it and it.is_last for it in tries] == [False, False, False, False, True]
    calls.note(queue.database, job, "failed")
    assert queue.progress(job).call == "failed"
    assert calls.next_call(queue.database) is None
    queue.close()


def test_a_call_that_nobody_takes_is_no_fault() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/"

        assert asyncio.run(calls.deliver(address, b"{}", {})) is False
