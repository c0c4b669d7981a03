"""What is on disk when it is said to be."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from covidxray_api.durable import SharedSync, write_durably


def test_one_sync_is_for_all_who_wrote_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go, written = threading.Event(), threading.Event(), threading.Semaphore(0)
    synced: list[int] = []

    def slow(descriptor: int) -> None:
        synced.append(descriptor)
        begun.set()
        assert go.wait(30)

    monkeypatch.setattr(os, "fsync", slow)
    shared = SharedSync(tmp_path)

    def write() -> None:
        shared.wrote()
        written.release()
        shared.wait()

    threads = [threading.Thread(target=write) for _ in range(6)]
    threads[0].start()
    assert begun.wait(30)
    for thread in threads[1:]:
        thread.start()
    for _ in threads:
        assert written.acquire(timeout=30)
    assert all(thread.is_alive() for thread in threads)
    go.set()
    for thread in threads:
        thread.join()
    # The first began too early for the others; the second is for all of them.
    assert len(synced) == 2
    shared.wait()
    assert len(synced) == 2


def test_what_another_process_wrote_is_synced_before_it_is_relied_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    shared = SharedSync(tmp_path)
    shared.wait()
    shared.wait()

    assert len(synced) == 1


def test_a_sync_that_fails_is_said_and_tried_again(tmp_path: Path) -> None:
    shared = SharedSync(tmp_path / "file")
    shared.wrote()
    with pytest.raises(FileNotFoundError):
        shared.wait()
    write_durably(tmp_path / "file", b"x")
    shared.wait()


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    write_durably(tmp_path / "file", b"x")
    assert (tmp_path / "file").stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        write_durably(tmp_path / "file", b"y")
