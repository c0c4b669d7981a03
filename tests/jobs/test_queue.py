"""The queue of jobs, as several processes use it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from covidxray_api.errors import JobsUnavailable, UnknownJob
from covidxray_api.jobs.job import Asked, Film, HandedIn, Load, OpenJobs
from covidxray_api.jobs.queue import JobQueue

ASKED = Asked(
    request_id="ward-3",
    language="es",
    prefix="/x",
    reference=None,
    model=None,
    operating_point="screening",
    prevalence=0.1,
    gate=None,
)
FILES = [HandedIn("a.png", b"first"), HandedIn(None, b"second"), HandedIn("c.png", b"third")]


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    queue = JobQueue(tmp_path, most_files=5, most_bytes=1000)
    yield queue
    queue.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[JobQueue]:
    """The same, as another process sees it."""
    queue = JobQueue(tmp_path, most_files=5, most_bytes=1000)
    yield queue
    queue.close()


def claimed(queue: JobQueue) -> Film:
    film = queue.claim()
    assert film
    return film


def uploads(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "films").rglob("*") if path.is_file())


def test_each_film_goes_to_one_process_in_the_order_of_the_form(
    queue: JobQueue, other: JobQueue
) -> None:
    job = queue.intake.add(FILES, ASKED, "key:ward-3")

    films = [claimed(queue), claimed(other), claimed(queue)]

    assert queue.claim() is other.claim() is None
    assert [(it.job, it.number, it.filename) for it in films] == [
        (job, 0, "a.png"),
        (job, 1, None),
        (job, 2, "c.png"),
    ]
    assert [it.path.read_bytes() for it in films] == [b"first", b"second", b"third"]
    assert films[0].asked == ASKED
    assert films[0].caller == "key:ward-3"


def test_a_job_ends_with_its_last_answer(queue: JobQueue, tmp_path: Path) -> None:
    bad = HandedIn("bad", b"", problem='{"index": 1}')
    job = queue.intake.add([FILES[0], bad, FILES[2]], ASKED)
    before = queue.progress(job)
    queue.answer(claimed(queue), '{"index": 0}', is_problem=False)
    last = claimed(queue)
    between = queue.progress(job)
    queue.answer(last, '{"index": 2}', is_problem=True)
    after = queue.progress(job)

    assert (before.files, before.begun, before.answered, before.problems) == (3, 0, 1, 1)
    assert (between.begun, between.answered, between.ended_at) == (1, 2, None)
    assert (after.begun, after.answered, after.problems) == (0, 3, 2)
    assert after.ended_at
    assert after.ended_at >= after.created_at
    assert after.language == "es"
    assert queue.answers(job) == ['{"index": 0}', '{"index": 1}', '{"index": 2}']
    assert uploads(tmp_path) == []


def test_a_job_of_unreadable_files_alone_has_ended(queue: JobQueue) -> None:
    job = queue.intake.add([HandedIn("bad", b"", problem="{}")], ASKED)

    assert queue.progress(job).ended_at
    assert not queue.waits()


def test_what_is_to_be_done_is_counted(queue: JobQueue) -> None:
    before = queue.load()
    for files in (FILES, FILES[:1], [HandedIn("bad", b"", problem="{}")]):
        queue.intake.add(files, ASKED)
    film = claimed(queue)
    begun = queue.load()
    queue.answer(film, "{}", is_problem=False)
    later = queue.load()

    assert before == Load(OpenJobs(), OpenJobs(), films_waiting=0, films_running=0)
    assert (begun.running.count, begun.queued.count) == (1, 1)
    assert (begun.films_waiting, begun.films_running) == (3, 1)
    assert begun.running.oldest
    assert begun.queued.oldest
    assert begun.running.oldest <= begun.queued.oldest
    assert later == replace(begun, films_running=0)


def test_a_job_is_for_who_made_it(queue: JobQueue) -> None:
    job = queue.intake.add(FILES, ASKED, "key:ward-3")

    for caller in (None, "key:ward-4"):
        with pytest.raises(UnknownJob):
            queue.progress(job, caller)
        with pytest.raises(UnknownJob):
            queue.remove(job, caller)
    assert queue.progress(job, "key:ward-3").files == 3


def test_what_is_cancelled_is_erased_also_while_it_is_screened(
    queue: JobQueue, tmp_path: Path
) -> None:
    job = queue.intake.add(FILES, ASKED)
    film = claimed(queue)

    queue.remove(job)
    queue.answer(film, "{}", is_problem=False)
    queue.give_back(film)

    assert queue.claim() is None
    assert uploads(tmp_path) == []
    with pytest.raises(UnknownJob):
        queue.progress(job)


def test_no_more_waits_than_may(queue: JobQueue, tmp_path: Path) -> None:
    queue.intake.add(FILES, ASKED)
    kept = uploads(tmp_path)

    with pytest.raises(JobsUnavailable, match="full"):
        queue.intake.add(FILES, ASKED)
    with pytest.raises(JobsUnavailable, match="full"):
        queue.intake.add([HandedIn("large", bytes(990))], ASKED)
    assert uploads(tmp_path) == kept
    queue.answer(claimed(queue), "{}", is_problem=False)
    queue.intake.add(FILES, ASKED)


def test_a_film_that_could_not_be_screened_now_waits_again(queue: JobQueue) -> None:
    queue.intake.add(FILES[:1], ASKED)

    first = claimed(queue)
    queue.give_back(first)
    second = claimed(queue)
    queue.give_back(second, counted=True)
    third = claimed(queue)

    assert [first.tries, second.tries, third.tries] == [1, 1, 2]


def test_what_a_process_has_begun_that_is_killed_another_begins_anew(
    queue: JobQueue, tmp_path: Path
) -> None:
    queue.intake.add(FILES[:2], ASKED)
    program = f"""
from pathlib import Path
from covidxray_api.jobs.queue import JobQueue
queue = JobQueue(Path({str(tmp_path)!r}), 5, 1000)
print(queue.claim().number, flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "0\n"
        queue.free_orphans()
        assert claimed(queue).number == 1
        process.kill()
    queue.free_orphans()

    found = claimed(queue)
    assert (found.number, found.tries) == (0, 2)
    assert queue.claim() is None


def test_what_has_ended_long_ago_is_erased(queue: JobQueue) -> None:
    ended = queue.intake.add(FILES[:1], ASKED)
    queue.answer(claimed(queue), "{}", is_problem=False)
    open_ = queue.intake.add(FILES[:1], ASKED)

    queue.tidy(time.time() - 60)
    assert queue.progress(ended).answered == 1
    queue.tidy(time.time() + 60)

    with pytest.raises(UnknownJob):
        queue.progress(ended)
    assert queue.progress(open_).files == 1


def test_uploads_that_a_crash_has_left_are_erased(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.intake.add(FILES[:2], ASKED)
    film = claimed(queue)
    queue.answer(film, "{}", is_problem=False)
    film.path.write_bytes(b"killed before it was deleted")
    fresh, stray = tmp_path / "films" / "fresh", tmp_path / "films" / "stray"
    for folder in (fresh, stray):
        folder.mkdir()
        (folder / "0").write_bytes(b"no job names it")
    long_ago = time.time() - 7200
    os.utime(stray, (long_ago, long_ago))

    queue.tidy(0)

    assert uploads(tmp_path) == [tmp_path / "films" / job / "1", fresh / "0"]


def test_nobody_else_may_read_it(queue: JobQueue, tmp_path: Path) -> None:
    queue.intake.add(FILES, ASKED)

    assert [path.stat().st_mode & 0o077 for path in tmp_path.iterdir() if path.is_dir()] == [0, 0]
    assert (tmp_path / "jobs-1.sqlite").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(JobsUnavailable, match="Not a directory"):
        JobQueue(tmp_path / "file" / "jobs", 5, 1000)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "jobs-1.sqlite").write_bytes(b"something else, and long enough to be looked at")

    with pytest.raises(JobsUnavailable, match="not a database"):
        JobQueue(tmp_path, 5, 1000)
