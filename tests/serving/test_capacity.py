from __future__ import annotations

from concurrent.futures import Future

import pytest

from covidxray_api.errors import Overloaded
from covidxray_api.serving.capacity import CapacityLimiter


def test_as_many_requests_are_in_flight_as_the_limit_says() -> None:
    limiter = CapacityLimiter(2)

    with limiter.acquire(), limiter.acquire():
        assert limiter.in_flight == 2
        with pytest.raises(Overloaded) as refused, limiter.acquire():
            pass
    assert refused.value.facts == {"in_flight": 2}
    assert limiter.in_flight == 0


def test_a_slot_is_released_where_its_request_fails() -> None:
    limiter = CapacityLimiter(1)

    with pytest.raises(ValueError, match="broken"), limiter.acquire():
        raise ValueError("broken")

    assert limiter.in_flight == 0


def test_a_slot_is_held_for_as_long_as_work_outlives_its_request() -> None:
    limiter, job = CapacityLimiter(1), Future[None]()

    with limiter.acquire() as slot:
        slot.job = job

    assert limiter.in_flight == 1
    job.set_result(None)
    assert limiter.in_flight == 0


@pytest.mark.parametrize("how", ["result", "failure", "cancelled"])
def test_a_slot_is_released_once_where_its_work_ends_first(how: str) -> None:
    limiter, job = CapacityLimiter(1), Future[None]()

    with limiter.acquire() as slot:
        slot.job = job
        if how == "result":
            job.set_result(None)
        elif how == "failure":
            job.set_exception(ValueError())
        else:
            job.cancel()
        assert limiter.in_flight == 1

    assert limiter.in_flight == 0
