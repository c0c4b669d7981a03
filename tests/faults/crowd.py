"""Clients of a service under a fault: each request has a connection of its own."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from tests.serving.test_processes import ready, serving, workers
from tests.waiting import PATIENCE_S, wait_until


@dataclass(frozen=True)
class Answer:
    """What came back of one request."""

    name: str
    """Request id that was sent."""

    status: int | None
    """HTTP status; None if there was no answer."""

    says: str
    """Label, problem, or kind of failure."""

    is_right: bool = True
    """Whether it is an answer to this very request, and one that the service may give."""


class Service:
    """A service, whose log is read as it is written."""

    def __init__(self, process: subprocess.Popen[str], workers: int) -> None:
        self.process = process
        self.address, _ = ready(process, workers)
        self._lines: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.append(json.loads(line))

    @property
    def workers(self) -> set[int]:
        """Process ids of those that serve."""
        return workers(self.process)

    def log(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of an event so far."""
        return [line for line in self._lines.copy() if line["event"] == event]

    def problems(self) -> list[dict[str, Any]]:
        """Return the lines of errors so far."""
        return [line for line in self._lines.copy() if line["level"] == "error"]

    def stop(self) -> None:
        """Stop it, and read its log to the end."""
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self._reader.join()

    def in_flight(self) -> float:
        """Return how many places are taken in all processes."""
        text = httpx.get(f"{self.address}/metrics", timeout=PATIENCE_S).raise_for_status().text
        (line,) = (it for it in text.splitlines() if it.startswith("covidxray_in_flight "))
        return float(line.split()[1])

    def health(self) -> httpx.Response:
        """Return what one of the workers says of itself."""
        return httpx.get(f"{self.address}/health/ready", timeout=PATIENCE_S)


@contextmanager
def served(environment: Mapping[str, str] = {}, workers: int = 2) -> Iterator[Service]:
    """Run workers, all ready at the start, until the block ends."""
    with serving(workers, environment=environment) as process:
        service = Service(process, workers)
        try:
            yield service
        finally:
            service.stop()


class Crowd:
    """Clients that ask one radiograph after the other.

    Parameters
    ----------
    service : Service
        Whom they ask.
    films : sequence of bytes
        What they send, in turn.
    """

    def __init__(self, service: Service, films: Sequence[bytes]) -> None:
        self._service = service
        self._films = films
        with httpx.Client(base_url=service.address, timeout=PATIENCE_S) as client:
            answers = [client.post("/predict", content=film) for film in films]
        self._expected = [answer.raise_for_status().json()["probabilities"] for answer in answers]
        # Or an answer to another image would not be noticed.
        assert len({json.dumps(it) for it in self._expected}) == len(films)
        self._answers: list[Answer] = []
        self._number = iter(range(1_000_000))

    def ask(self, client: httpx.Client) -> Answer:
        """Ask once."""
        number = next(self._number)
        name = f"ward-{number}"
        which = number % len(self._films)
        headers = {"X-Request-ID": name, "Connection": "close"}
        try:
            said = client.post("/predict", content=self._films[which], headers=headers)
        except httpx.TransportError as error:
            return Answer(name, None, type(error).__name__)
        is_named = said.headers["X-Request-ID"] == name
        if said.status_code == 200:
            found = said.json()
            is_right = found["probabilities"] == self._expected[which]
            return Answer(name, 200, found["predicted_label"], is_named and is_right)
        is_right = said.status_code != 503 or int(said.headers["Retry-After"]) > 0
        problem = said.json()["type"].removeprefix("/problems/")
        return Answer(name, said.status_code, problem, is_named and is_right)

    def _repeat(self, times: int) -> list[Answer]:
        found = []
        with httpx.Client(base_url=self._service.address, timeout=PATIENCE_S) as client:
            for _ in range(times):
                answer = self.ask(client)
                found.append(answer)
                self._answers.append(answer)
                if answer.says == httpx.ConnectError.__name__:
                    break  # Nobody is there any more.
        return found

    def all(self, clients: int, times: int) -> list[Answer]:
        """Let clients ask at the same time, each so many times, and return what came back."""
        with self.asking(clients, times) as asked:
            wait(asked)
        return [answer for it in asked for answer in it.result()]

    @contextmanager
    def asking(self, clients: int, times: int) -> Iterator[list[Future[list[Answer]]]]:
        """Let clients ask during the block, and wait for their end."""
        before = len(self._answers)
        with ThreadPoolExecutor(clients) as pool:
            asked = [pool.submit(self._repeat, times) for _ in range(clients)]
            wait_until(lambda: len(self._answers) > before + clients or all_done(asked))
            yield asked


def all_done(asked: Sequence[Future[list[Answer]]]) -> bool:
    """Tell whether all clients have ended."""
    return all(it.done() for it in asked)


def told(answers: Sequence[Answer]) -> str:
    """Return how often each kind of answer came, for the table."""
    kinds = Counter(
        "200" if it.status == 200 else f"{it.status} `{it.says}`" if it.status else "no answer"
        for it in answers
    )
    return ", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items()))
