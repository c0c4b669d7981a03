"""Traces reach a receiver that speaks OTLP over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

pytest.importorskip("opentelemetry.sdk")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
NAMES = ("LASTNAME", "MRN123", "ward-3.42")
"""What callers write that may name a patient."""


class Receiver:
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.content: list[bytes] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.content.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1/traces"

    def spans(self) -> list[Span]:
        return [
            span
            for content in self.content
            for resource in ExportTraceServiceRequest.FromString(content).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


def test_each_stage_is_a_span_of_the_callers_trace(
    serve: Serve, receiver: Receiver, film: bytes
) -> None:
    with serve(Settings(traces=receiver.address)) as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "ward-3.42"}
        files = {"file": ("LASTNAME_MRN123.png", film)}
        assert client.post("/v1/predict", files=files, headers=headers).status_code == 200
        assert client.post("/LASTNAME_MRN123.dcm", content=film, headers=headers).status_code == 404

    spans = [span for span in receiver.spans() if span.trace_id.hex() == TRACE]
    by_name = {span.name: span for span in spans}
    request = by_name["POST /predict"]
    stages = [by_name[name] for name in ("decode", "check", "infer", "render")]
    assert set(by_name) == {"POST /predict", "POST", *(span.name for span in stages)}
    assert request.parent_span_id.hex() == PARENT
    assert {span.parent_span_id for span in stages} == {request.span_id}
    moments = [request.start_time_unix_nano]
    for span in stages:
        moments += [span.start_time_unix_nano, span.end_time_unix_nano]
    assert moments == sorted(moments)
    assert moments[-1] <= request.end_time_unix_nano
    said = {it.key: it.value for it in request.attributes}
    assert said["http.route"].string_value == "/predict"
    assert said["http.response.status_code"].int_value == 200
    assert not [name for name in NAMES if name.encode() in b"".join(receiver.content)]


def test_a_refused_request_is_a_span_without_stages(serve: Serve, receiver: Receiver) -> None:
    with serve(Settings(traces=receiver.address)) as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        assert client.post("/predict", content=b"none", headers=headers).status_code == 415

    (span,) = (span for span in receiver.spans() if span.trace_id.hex() == TRACE)
    assert span.name == "POST /predict"
    assert {it.value.int_value for it in span.attributes} == {0, 415}


def test_a_receiver_that_is_away_costs_no_answer(serve: Serve, film: bytes) -> None:
    with serve(Settings(traces="http://127.0.0.1:9/v1/traces")) as client:
        assert client.post("/predict", content=film).status_code == 200
