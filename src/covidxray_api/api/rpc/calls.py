"""One call over gRPC: whose it is, what it leaves in the log, and how a refusal is told."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import grpc
import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from covidxray_api.access.allowance import client_of
from covidxray_api.access.caller import Caller
from covidxray_api.api.access_log import HEADER, sane
from covidxray_api.api.authorization import credential, permitted
from covidxray_api.api.negotiation import negotiate
from covidxray_api.api.problems import STATUS, as_problem, retry_after
from covidxray_api.api.state import State
from covidxray_api.errors import CovidXrayError, TooManyRequests
from covidxray_api.serving.logs import log_failure

CODES: Mapping[HTTPStatus, grpc.StatusCode] = {
    HTTPStatus.UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    HTTPStatus.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT: grpc.StatusCode.DEADLINE_EXCEEDED,
    HTTPStatus.TOO_MANY_REQUESTS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    HTTPStatus.INTERNAL_SERVER_ERROR: grpc.StatusCode.INTERNAL,
    HTTPStatus.SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT: grpc.StatusCode.DEADLINE_EXCEEDED,
}
"""Status of gRPC by that of HTTP; all others say that the request is at fault."""

Serve = Callable[[Any, Any], Awaitable[Any]]

log = structlog.get_logger()


class Call:
    """What a call says of itself.

    Parameters
    ----------
    context : grpc.aio.ServicerContext
        Of the call.
    """

    def __init__(self, context: Any) -> None:
        stated = context.invocation_metadata() or ()
        self._metadata = {key: value for key, value in stated if isinstance(value, str)}
        self.request_id = sane(self._metadata.get(HEADER.lower(), ""))
        """Id of the call in answer and log."""
        self.language = negotiate(self._metadata.get("accept-language", ""))
        """Of its answer."""
        self._address = _address(context.peer())

    @asynccontextmanager
    async def admitted_caller(self, state: State) -> AsyncIterator[Caller]:
        """Let who may have radiographs screened do so, within their allowance.

        Raises
        ------
        Unauthenticated, AccessUnavailable, Forbidden
            See `authorization.permitted`.
        TooManyRequests
            If the client asks too often, or for too much at once.
        """
        caller = await permitted(state.access, credential(self._metadata), "predict")
        client = client_of(caller, self._address)
        standing = await state.allowance.spend(client)
        if standing and not standing.within:
            raise TooManyRequests(
                "rate", limit=standing.limit, window=standing.window_s, seconds=standing.reset_s
            )
        with state.allowance.holding(client):
            yield caller


def _address(peer: str) -> str:
    """Return the address in what gRPC calls the other end, as `ipv4:10.0.0.5:50412`."""
    place = unquote(peer.partition(":")[2])
    return place.rpartition(":")[0].strip("[]")


def logged(path: str, serve: Serve) -> Serve:
    """Return what serves a call, leaves one line in the log, and tells a refusal.

    Parameters
    ----------
    path : str
        What the log calls it.
    serve : callable
        Takes the request, or an iterator of requests, and the `Call`.
    """

    async def served(request: Any, context: Any) -> Any:
        call, started, status = Call(context), time.perf_counter(), grpc.StatusCode.CANCELLED
        clear_contextvars()
        bind_contextvars(request_id=call.request_id)
        try:
            answer = await serve(request, call)
            status = grpc.StatusCode.OK
            return answer
        except CovidXrayError as error:
            status = CODES.get(STATUS[error.code], grpc.StatusCode.INVALID_ARGUMENT)
            bind_contextvars(problem=error.code)
            await _refuse(context, call, status, error)
        except Exception as error:
            status = grpc.StatusCode.INTERNAL
            log_failure(log, "unforeseen error", error)
            await _refuse(context, call, status, CovidXrayError())
        finally:
            told = log.error if status is grpc.StatusCode.INTERNAL else log.info
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            told("request", method="gRPC", path=path, status=status.name, duration_ms=milliseconds)

    return served


async def _refuse(context: Any, call: Call, status: grpc.StatusCode, error: CovidXrayError) -> None:
    """End a call; the problem's type, and when to come back, stand in its trailing metadata."""
    problem = as_problem(error, call.language, "", call.request_id)
    metadata = [(HEADER.lower(), call.request_id), ("problem-type", problem["type"])]
    if seconds := retry_after(error):
        metadata.append(("retry-after", str(seconds)))
    await context.abort(status, problem["detail"], tuple(metadata))
