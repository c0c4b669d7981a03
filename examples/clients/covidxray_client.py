"""A client of covidxray-api in one file: copy it into your project; it needs httpx alone.

::

    with Client("http://127.0.0.1:8000") as client:
        answer = client.predict("radiograph.dcm", operating_point="screening")
        print(answer["headline"], answer["probabilities"])

`AsyncClient` has the same methods, to be awaited. A request that finds the service busy or starting
is repeated after the seconds that `Retry-After` states: no request changes anything.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

RETRIED = {429, 503, 504}
"""Statuses after which the same request may succeed."""

LONGEST_WAIT_S = 60.0

Image = str | Path | bytes
Answer = dict[str, Any]


class Problem(Exception):
    """The service said why it does not answer (RFC 9457)."""

    def __init__(self, status: int, said: dict[str, Any]) -> None:
        super().__init__(f"{said.get('title', status)}: {said.get('detail', '')}")
        self.status = status
        """HTTP status."""
        self.type: str = said.get("type", "about:blank")
        """Stable name of the problem, as `/problems/unreadable-image`."""
        self.advice: str = said.get("advice", "")
        """What can be done about it."""
        self.request_id: str | None = said.get("request_id")
        """Id under which the operator finds the request in the log."""


class _Calls:
    """What both clients ask, and how often."""

    def __init__(self, base_url: str, key: str | None, language: str, retries: int) -> None:
        headers = {"Accept-Language": language} | ({"X-API-Key": key} if key else {})
        self._options: dict[str, Any] = {
            "base_url": f"{base_url.rstrip('/')}/v1",
            "headers": headers,
            "timeout": httpx.Timeout(60.0, connect=10.0),
        }
        self._retries = retries

    def _steps(self) -> Generator[float, httpx.Response, httpx.Response]:
        """Yield the seconds to wait before each try; take its response; return the last."""
        wait = 0.0
        for left in range(self._retries, -1, -1):
            response = yield wait
            if response.status_code not in RETRIED or not left:
                break
            stated = response.headers.get("Retry-After", "")
            wait = min(float(stated) if stated.isdecimal() else 1.0, LONGEST_WAIT_S)
        return response

    @staticmethod
    def _upload(
        path: str, images: Sequence[Image], accept: str, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "method": "POST",
            "url": path,
            "files": [("file", _named(image)) for image in images],
            "data": {name: str(value) for name, value in parameters.items() if value is not None},
            "headers": {"Accept": accept},
        }


class Client(_Calls):
    """Asks one after another.

    Parameters
    ----------
    base_url : str
        Where the service is, without `/v1`.
    key : str, optional
        API key, where the service wants one.
    language : str
        ``"en"`` or ``"es"``.
    retries : int
        How often a request is repeated that finds the service busy.
    """

    def __init__(
        self, base_url: str, key: str | None = None, language: str = "en", retries: int = 5
    ) -> None:
        super().__init__(base_url, key, language, retries)
        self._http = httpx.Client(**self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def predict(self, image: Image, **parameters: Any) -> Answer:
        """Screen a radiograph: a path or bytes; parameters as `/v1/predict` takes them."""
        answer: Answer = self._sent("/predict", [image], "application/json", parameters).json()
        return answer

    def report(self, image: Image, **parameters: Any) -> bytes:
        """Screen a radiograph, and return the report as PDF."""
        return self._sent("/report", [image], "application/pdf", parameters).content

    def predict_batch(self, images: Sequence[Image], **parameters: Any) -> Iterator[Answer]:
        """Screen several radiographs; each answer has a `prediction` or a `problem`."""
        lines = self._sent("/predict/batch", images, "application/x-ndjson", parameters)
        for line in lines.text.splitlines():
            yield json.loads(line)

    def _sent(
        self, path: str, images: Sequence[Image], accept: str, parameters: dict[str, Any]
    ) -> httpx.Response:
        steps = self._steps()
        wait = next(steps)
        while True:
            time.sleep(wait)
            response = self._http.request(**self._upload(path, images, accept, parameters))
            try:
                wait = steps.send(response)
            except StopIteration as ended:
                return _checked(ended.value)


class AsyncClient(_Calls):
    """Asks many at once; see `Client`."""

    def __init__(
        self, base_url: str, key: str | None = None, language: str = "en", retries: int = 5
    ) -> None:
        super().__init__(base_url, key, language, retries)
        self._http = httpx.AsyncClient(**self._options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def predict(self, image: Image, **parameters: Any) -> Answer:
        """Screen a radiograph; see `Client.predict`."""
        response = await self._sent("/predict", [image], "application/json", parameters)
        answer: Answer = response.json()
        return answer

    async def report(self, image: Image, **parameters: Any) -> bytes:
        """Return the report as PDF; see `Client.report`."""
        return (await self._sent("/report", [image], "application/pdf", parameters)).content

    async def predict_batch(
        self, images: Sequence[Image], **parameters: Any
    ) -> AsyncIterator[Answer]:
        """Screen several radiographs; see `Client.predict_batch`."""
        lines = await self._sent("/predict/batch", images, "application/x-ndjson", parameters)
        for line in lines.text.splitlines():
            yield json.loads(line)

    async def _sent(
        self, path: str, images: Sequence[Image], accept: str, parameters: dict[str, Any]
    ) -> httpx.Response:
        steps = self._steps()
        wait = next(steps)
        while True:
            await asyncio.sleep(wait)
            response = await self._http.request(**self._upload(path, images, accept, parameters))
            try:
                wait = steps.send(response)
            except StopIteration as ended:
                return _checked(ended.value)


def _named(image: Image) -> tuple[str, bytes]:
    """Return what is sent of an image; its name stays here, for it may be a patient's."""
    return "image", image if isinstance(image, bytes) else Path(image).read_bytes()


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    is_problem = response.headers.get("Content-Type", "") == "application/problem+json"
    raise Problem(response.status_code, response.json() if is_problem else {})
