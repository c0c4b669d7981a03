"""Calls that a job has ended, signed as Standard Webhooks 1.0 says (standardwebhooks.com).

The body says which job, never what was answered: that is for who may ask for it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import httpx

from covidxray_api.errors import InvalidConfiguration, InvalidRequest
from covidxray_api.jobs.database import JobDatabase
from covidxray_api.jobs.job import CallState

PREFIX = "whsec_"
"""How a secret begins."""

LENGTHS = range(24, 65)
"""Bytes that a secret may have."""

PATIENCE_S = 10.0
"""Seconds that who is called has to answer."""

PAUSES_S = (10, 60, 600, 3600)
"""Seconds between two tries: five in all."""


def read_secret(path: Path) -> bytes:
    """Read the secret that calls are signed with.

    Raises
    ------
    InvalidConfiguration
        If there is none in the file.
    """
    try:
        text = path.expanduser().read_text(encoding="ascii").strip()
        secret = b64decode(text.removeprefix(PREFIX), validate=True)
    except OSError as error:
        fault = error.strerror or str(error)
        raise InvalidConfiguration("unreadable", path=path, fault=fault) from error
    except ValueError as error:
        raise InvalidConfiguration("webhook_secret", path=path) from error
    if len(secret) not in LENGTHS or not text.startswith(PREFIX):
        raise InvalidConfiguration("webhook_secret", path=path)
    return secret


def check_address(address: str, origins: Collection[str]) -> None:
    """Refuse an address that the service has not been told that it may call.

    Raises
    ------
    InvalidRequest
        If its origin is none of those.
    """
    try:
        url = httpx.URL(address)
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        is_known = not url.userinfo and origin in {str(httpx.URL(it)) for it in origins}
    except (httpx.InvalidURL, UnicodeError):
        is_known = False
    if not is_known:
        raise InvalidRequest("webhook", known=tuple(origins))


def signed(secret: bytes, job: str, body: bytes, moment: int) -> dict[str, str]:
    """Return the headers of a call.

    Parameters
    ----------
    secret : bytes
        Known to who is called.
    job : str
        Identifies the message: that of a job is the same each time that it is tried.
    body : bytes
        What is sent.
    moment : int
        Now, as Unix time.
    """
    digest = hmac.digest(secret, b"%s.%d.%s" % (job.encode(), moment, body), "sha256")
    return {
        "webhook-id": job,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
        "content-type": "application/json",
    }


def body(job: str) -> bytes:
    """Return what is said when a job has ended, as JSON."""
    return json.dumps({"type": "job.ended", "data": {"id": job}}).encode()


async def deliver(address: str, body: bytes, headers: dict[str, str]) -> bool:
    """Call, and return whether it was taken: with a status of 2xx; nowhere else is followed."""
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            httpx.AsyncClient(timeout=PATIENCE_S) as client,
            client.stream("POST", address, content=body, headers=headers) as answer,
        ):
            return answer.is_success
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        return False


@dataclass(frozen=True, slots=True)
class Call:
    """A call that a job has ended, to be made now."""

    job: str
    """Identifier of the job."""

    address: str
    """Whom to call."""

    is_last: bool
    """Whether it is not tried again."""


def next_call(database: JobDatabase) -> Call | None:
    """Return a call that is to be made now, by this process alone; None if there is none.

    It is made again after a pause, unless `note` is told how it went.
    """
    with database.transaction() as connection:
        now = time.time()
        found = connection.execute(
            "SELECT id, address, calls FROM jobs WHERE call_at <= ? ORDER BY call_at LIMIT 1",
            (now,),
        ).fetchone()
        if found is None:
            return None
        job, address, calls = found
        pause = PAUSES_S[min(calls, len(PAUSES_S) - 1)]
        connection.execute(
            "UPDATE jobs SET calls = calls + 1, call_at = ? WHERE id = ?", (now + pause, job)
        )
    return Call(job, address, is_last=calls >= len(PAUSES_S))


def note(database: JobDatabase, job: str, outcome: CallState) -> None:
    """Note how the calls of a job went; no more are made."""
    with database.transaction() as connection:
        connection.execute("UPDATE jobs SET call = ?, call_at = NULL WHERE id = ?", (outcome, job))
