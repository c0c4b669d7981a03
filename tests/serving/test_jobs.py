from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from covidxray_api.errors import DeadlineExceeded, UploadTooSlow
from covidxray_api.serving.jobs import ClientGone, Deadline, Jobs, outcome
from covidxray_api.serving.watchdog import Watchdog


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs(1, "job", Watchdog(60))
    yield jobs
    jobs.shutdown()


def test_a_job_runs_in_a_thread_of_the_pool(jobs: Jobs) -> None:
    async def work() -> str:
        job = jobs.submit(lambda name: name + threading.current_thread().name, "in ")
        return await outcome(job, Deadline(60))

    assert asyncio.run(work()) == "in job_0"


def test_what_a_job_raises_is_raised(jobs: Jobs) -> None:
    async def work() -> None:
        await outcome(jobs.submit(int, "one"), Deadline(60))

    with pytest.raises(ValueError, match="one"):
        asyncio.run(work())


def test_a_job_that_waits_beyond_the_deadline_is_dropped() -> None:
    job = Future[None]()

    async def work() -> None:
        await outcome(job, Deadline(0.01))

    with pytest.raises(DeadlineExceeded) as exceeded:
        asyncio.run(work())
    assert exceeded.value.facts == {"seconds": 0.01}
    assert job.cancelled()


def test_a_job_whose_client_goes_is_dropped() -> None:
    job = Future[None]()

    async def work() -> None:
        gone = asyncio.get_running_loop().create_future()
        gone.set_result(None)
        await outcome(job, Deadline(60), gone)

    with pytest.raises(ClientGone):
        asyncio.run(work())
    assert job.cancelled()


def test_a_timeout_of_something_else_is_not_taken_for_the_deadline() -> None:
    async def work() -> None:
        async with Deadline(60).bounding(UploadTooSlow):
            raise TimeoutError("the disk")

    with pytest.raises(TimeoutError, match="the disk"):
        asyncio.run(work())
