"""A process that begins slowly is not taken for hung."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from multiprocessing import get_context

import pytest
from uvicorn import Config
from uvicorn.supervisors.multiprocess import Process

from covidxray_api.api.beginnings import BEGIN_S, Beginnings


@pytest.fixture
def process() -> Iterator[Process]:
    """A process that runs, and responds when the test does in its place."""
    made = Process(Config("nowhere:app", workers=2), [])
    other_end = made.child_conn
    made.process = get_context("spawn").Process(target=pow, args=(1, 1))
    made.process.start()
    with closing(other_end):
        yield made
    made.process.join()


def test_it_begins_until_it_responds(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.process, "is_alive", lambda: True)
    beginnings = Beginnings()

    assert beginnings.is_one(process)
    assert beginnings.is_one(process)
    assert process.child_conn.recv() == b"ping"
    process.child_conn.send(False)
    assert not beginnings.is_one(process)
    # From then on, whoever watches it asks it, and nobody else.
    assert not process.child_conn.poll(0)
    assert not beginnings.is_one(process)


def test_it_may_not_begin_forever(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.process, "is_alive", lambda: True)
    now = 100.0
    beginnings = Beginnings(lambda: now)

    assert beginnings.is_one(process)
    now += BEGIN_S
    assert not beginnings.is_one(process)


def test_one_that_has_ended_does_not_begin(process: Process) -> None:
    process.process.join()

    assert not Beginnings().is_one(process)
