"""No process refuses while another has a place."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import Event

import httpx
import pytest
from tests.faults.crowd import Service, served
from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.faults


def test_as_many_uploads_as_there_are_places_are_all_taken(
    films: list[bytes], note: Callable[..., None]
) -> None:
    film = films[0]
    head = b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(film)
    with served({"COVIDXRAY_MAX_IN_FLIGHT": "4"}) as service, ExitStack() as stack:
        url = httpx.URL(service.address)
        uploads = []
        for taken in range(1, 9):
            address = (url.host, url.port or 0)
            upload = stack.enter_context(socket.create_connection(address, PATIENCE_S))
            upload.sendall(head + film[:1000])
            uploads.append(upload)
            wait_until(partial(has_taken, service, taken))
        said = httpx.post(f"{service.address}/predict", content=film, timeout=PATIENCE_S)
        for upload in uploads:
            upload.sendall(film[1000:])
        answers = [stack.enter_context(it.makefile("rb")).readline() for it in uploads]

    assert answers == [b"HTTP/1.1 200 OK\r\n"] * 8
    assert said.json()["type"] == "/problems/overloaded"
    note(
        "As many uploads as two workers have places, and one more",
        "8 × 200, 1 × 503 `overloaded`", "`request` with `problem: overloaded`",
    )  # fmt: skip


def has_taken(service: Service, places: int) -> bool:
    return service.in_flight() == places


def test_clients_that_keep_connections_go_to_a_worker_that_was_replaced(
    film: bytes, note: Callable[..., None]
) -> None:
    statuses: list[int | None] = []
    over = Event()

    def repeat(address: str) -> None:
        with httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
            while not over.is_set():
                try:
                    said = client.post("/predict", content=film)
                    statuses.append(said.status_code)
                    over.wait(0.05 if said.status_code == 503 else 0)
                except httpx.TransportError:
                    statuses.append(None)

    def refused_lately() -> bool:
        return any(status != 200 for status in statuses[-100:])

    with served({"COVIDXRAY_MAX_IN_FLIGHT": "4"}) as service, ThreadPoolExecutor(6) as pool:
        try:
            asked = [pool.submit(repeat, service.address) for _ in range(6)]
            wait_until(lambda: len(statuses) > 20)
            os.kill(min(service.workers), signal.SIGKILL)
            # All go to the one that is left, which has no place for all, and refuses.
            wait_until(lambda: 503 in statuses)
            wait_until(lambda: len(service.log("ready")) > 0)
            enough = len(statuses) + 100
            wait_until(lambda: len(statuses) > enough and not refused_lately())
        finally:
            over.set()
        assert [it.result() for it in asked] == [None] * 6

    lost, refused = statuses.count(None), statuses.count(503)
    assert lost <= 6
    note(
        "Six clients that keep their connections, two workers with four places, one is killed",
        f"{statuses.count(200)} × 200, {refused} × 503 `overloaded` until the other serves,"
        f" {lost} × no answer",
        "`Child process [N] died`, `ready`",
    )  # fmt: skip
