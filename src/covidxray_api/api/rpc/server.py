"""The server of the Open Inference Protocol over gRPC, in each process that serves HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import grpc
import grpc.aio
import structlog
from structlog.contextvars import bind_contextvars

from covidxray_api import __version__
from covidxray_api.api import inference_protocol as protocol
from covidxray_api.api.inference import NAME, answering, screening_all
from covidxray_api.api.rpc.calls import Call, Serve, logged
from covidxray_api.api.rpc.conversion import request_of, response_of
from covidxray_api.api.rpc.messages import SERVICE, message
from covidxray_api.api.state import State
from covidxray_api.errors import (
    InvalidConfiguration,
    InvalidRequest,
    NotReady,
    UnknownModel,
    UploadTooSlow,
)
from covidxray_api.rendering.renderer import Context
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.observer import Answered
from covidxray_api.settings import Settings

ENVELOPE = 64 * 1024
"""Bytes of a message beside its images."""

QUESTIONS = 64
"""Calls beside those that are admitted: how the service is, and refusals."""

log = structlog.get_logger()


class InferenceService:
    """The calls of the protocol.

    Parameters
    ----------
    state : State
        What the doors of the service share.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    async def server_live(self, _: Any, __: Call) -> Any:
        """Answer as long as the process runs."""
        return message("ServerLiveResponse")(live=True)

    async def server_ready(self, _: Any, __: Call) -> Any:
        """Say whether the default model is ready."""
        return message("ServerReadyResponse")(ready=self._state.service.status == "ready")

    async def server_metadata(self, _: Any, __: Call) -> Any:
        """Say what this is."""
        return message("ServerMetadataResponse")(name=NAME, version=__version__)

    async def model_ready(self, asked: Any, call: Call) -> Any:
        """Say whether a model can be asked."""
        async with call.admitted_caller(self._state):
            try:
                self._state.service.check_ready()
                await answering(self._state.service, asked.name, asked.version or None)
            except (NotReady, UnknownModel):
                return message("ModelReadyResponse")(ready=False)
            return message("ModelReadyResponse")(ready=True)

    async def model_metadata(self, asked: Any, call: Call) -> Any:
        """Say what a model takes and gives."""
        async with call.admitted_caller(self._state):
            stored = await answering(self._state.service, asked.name, asked.version or None)
            return message("ModelMetadataResponse")(**protocol.metadata(stored))

    async def model_infer(self, requests: AsyncIterator[Any], call: Call) -> Any:
        """Screen the images of a tensor; who may not, or finds no place, is not read."""
        state, service = self._state, self._state.service
        async with call.admitted_caller(state) as caller:
            with service.admit() as admitted:
                async with admitted.deadline.bounding(UploadTooSlow):
                    sent = await anext(aiter(requests), None)
                if sent is None:
                    raise InvalidRequest("parameters", faults="ModelInfer: there is no message")
                name = sent.model_name
                stored = await answering(service, name, sent.model_version or None)
                context = Context(call.language, call.request_id, datetime.now(UTC), None)

                def work(screener: Screener) -> tuple[int, Any]:
                    asked = request_of(sent, state.settings.batch_max_files)
                    screen = screening_all(
                        asked,
                        name,
                        context,
                        lambda found, data, request_id: service.tell(
                            Answered(found, data, request_id, caller.name)
                        ),
                    )
                    answer = protocol.answer(asked, stored, screen(screener))
                    raw = bool(sent.raw_input_contents)
                    return len(asked.images), response_of(answer, raw)

                files, response = await admitted.run(work, name)
                bind_contextvars(model=name, files=files)
                return response

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler of all calls."""
        calls: dict[str, Serve] = {
            "ServerLive": self.server_live,
            "ServerReady": self.server_ready,
            "ServerMetadata": self.server_metadata,
            "ModelReady": self.model_ready,
            "ModelMetadata": self.model_metadata,
            "ModelInfer": self.model_infer,
        }
        handlers = {}
        for name, serve in calls.items():
            # On the wire one request and a stream of one are the same; a stream is read when the
            # call has been let in, and not before.
            one = name != "ModelInfer"
            make = (
                grpc.unary_unary_rpc_method_handler if one else grpc.stream_unary_rpc_method_handler
            )
            handlers[name] = make(
                logged(f"/{SERVICE}/{name}", serve),
                request_deserializer=message(f"{name}Request").FromString,
                response_serializer=message(f"{name}Response").SerializeToString,
            )
        return grpc.method_handlers_generic_handler(SERVICE, handlers)


@asynccontextmanager
async def listening(state: State) -> AsyncIterator[int]:
    """Serve until the end, and then what has begun; yields the port.

    Raises
    ------
    InvalidConfiguration
        If the port cannot be listened on.
    """
    settings = state.settings
    server = grpc.aio.server(
        options=(
            ("grpc.max_receive_message_length", settings.max_body_bytes + ENVELOPE),
            ("grpc.max_send_message_length", -1),
            # The processes of a service share the port.
            ("grpc.so_reuseport", int(settings.workers > 1)),
        ),
        maximum_concurrent_rpcs=settings.max_in_flight + QUESTIONS,
    )
    server.add_generic_rpc_handlers((InferenceService(state).handler(),))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host or "[::]"
    address = f"{host}:{settings.grpc_port}"
    try:
        credentials = _credentials(settings)
        if credentials:
            port = server.add_secure_port(address, credentials)
        else:
            port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise InvalidConfiguration("grpc_port", address=address) from error
    await server.start()
    log.info("gRPC is served", port=port)
    try:
        yield port
    finally:
        await server.stop(settings.deadline_s)


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if not settings.tls_certificate or not settings.tls_key:
        return None
    return grpc.ssl_server_credentials(
        [(settings.tls_key.read_bytes(), settings.tls_certificate.read_bytes())]
    )
