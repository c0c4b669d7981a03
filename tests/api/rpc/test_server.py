"""The Open Inference Protocol over gRPC, by Triton's own client."""

from __future__ import annotations

import ast
import json
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.conftest import Serve, ServeWith, WaitingEngine
from tests.serving.test_processes import ready, serving
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.access.keys import Keys
from covidxray_api.settings import Settings

ROOT = Path(__file__).parents[3]
MODEL = "multi-source-fast"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    grpc = pytest.importorskip("grpc")
    triton = pytest.importorskip("tritonclient.grpc")
    messages = pytest.importorskip("covidxray_api.api.rpc.messages")

SERVICE, message = messages.SERVICE, messages.message


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def served(serve: Serve) -> Iterator[tuple[httpx.Client, str]]:
    """The service, by HTTP and where it speaks gRPC."""
    port = free_port()
    with serve(Settings(grpc_port=port, max_body_bytes=1_000_000)) as client:
        yield client, f"127.0.0.1:{port}"


@contextmanager
def opened(address: str) -> Iterator[Any]:
    client = triton.InferenceServerClient(address)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def client(served: tuple[httpx.Client, str]) -> Iterator[Any]:
    with opened(served[1]) as client:
        yield client


def tensor(*images: bytes) -> Any:
    given = triton.InferInput("image", [len(images)], "BYTES")
    given.set_data_from_numpy(np.array(images, dtype=object))
    return given


def test_tritons_client_asks_how_the_service_is(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata().name == "covidxray-api"
    described = client.get_model_metadata(MODEL)
    assert described.outputs[0].name == "probabilities"
    assert client.is_model_ready(MODEL, described.versions[0])
    assert not client.is_model_ready(MODEL, "999")
    assert not client.is_model_ready("none-such")


def test_tritons_client_is_answered_as_predict_answers(
    served: tuple[httpx.Client, str], client: Any, film: bytes, no_film: bytes
) -> None:
    found = client.infer(
        MODEL,
        [tensor(film, no_film)],
        request_id="ours",
        parameters={"operating_point": "specific"},
        headers={"x-request-id": "ward-3", "accept-language": "es"},
    )

    alone = served[0].post(
        "/predict",
        params={"model": MODEL, "operating_point": "specific"},
        content=film,
        headers={"Accept-Language": "es"},
    )
    expected = alone.json() | {"request_id": "ward-3.0"}
    answer = json.loads(found.as_numpy("answer")[0])
    assert answer == expected
    labels = found.get_output("probabilities").parameters["labels"].string_param.split(",")
    probabilities = found.as_numpy("probabilities")
    assert probabilities[0].tolist() == pytest.approx(
        [expected["probabilities"][label] for label in labels], abs=1e-6
    )
    assert (probabilities[1] == -1).all()
    assert found.as_numpy("rejected").tolist() == [False, True]
    assert found.as_numpy("predicted_label").tolist() == [b"normal", b""]
    assert found.get_response().id == "ours"


def test_the_page_shows_how(
    served: tuple[httpx.Client, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = ROOT / "docs" / "inference-protocol.md"
    program = page.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(ROOT)

    exec(program.replace("localhost:8001", served[1]), {})  # noqa: S102 - it is our own page

    # The service logs to the same output, after it has answered.
    parts: list[str] = []

    def logged() -> bool:
        parts.append(capsys.readouterr().out)
        return "ModelInfer" in "".join(parts)

    wait_until(logged)
    printed = (line for line in "".join(parts).splitlines() if line.startswith("b'"))
    assert json.loads(ast.literal_eval(next(printed)))["predicted_label"] == "normal"


def test_pixels_are_taken_too(client: Any) -> None:
    given = triton.InferInput("image", [64, 64], "FP32")
    given.set_data_from_numpy(np.full((64, 64), 0.5, np.float32))
    output = triton.InferRequestedOutput("rejected")

    found = client.infer(MODEL, [given], outputs=[output])

    assert found.as_numpy("rejected").tolist() == [True]
    assert found.as_numpy("answer") is None


@contextmanager
def method(address: str, name: str) -> Iterator[Any]:
    with grpc.insecure_channel(address) as channel:
        yield channel.unary_unary(
            f"/{SERVICE}/{name}",
            request_serializer=message(f"{name}Request").SerializeToString,
            response_deserializer=message(f"{name}Response").FromString,
        )


def test_what_is_not_in_raw_form_is_answered_so(
    served: tuple[httpx.Client, str], film: bytes
) -> None:
    asked = message("ModelInferRequest")(model_name=MODEL)
    given = asked.inputs.add(name="image", datatype="BYTES", shape=[1])
    given.contents.bytes_contents.append(film)

    with method(served[1], "ModelInfer") as infer:
        found = infer(asked, timeout=PATIENCE_S)

    outputs = {it.name: it.contents for it in found.outputs}
    assert list(outputs["predicted_label"].bytes_contents) == [b"normal"]
    assert list(outputs["rejected"].bool_contents) == [False]
    assert sum(outputs["probabilities"].fp32_contents) == pytest.approx(1, abs=1e-5)
    assert not found.raw_output_contents


@pytest.mark.parametrize(
    ("model", "version", "image", "status", "words"),
    [
        ("none-such", "", b"x", "NOT_FOUND", "no model named 'none-such'"),
        (MODEL, "999", b"x", "NOT_FOUND", "version '999'"),
        (MODEL, "", b"text", "INVALID_ARGUMENT", "begin like no format"),
        (MODEL, "", b"", "INVALID_ARGUMENT", "0 bytes"),
        (MODEL, "", bytes(1_200_000), "RESOURCE_EXHAUSTED", "larger than max"),
    ],
)
def test_tritons_client_reads_why_it_is_refused(
    client: Any, model: str, version: str, image: bytes, status: str, words: str
) -> None:
    with pytest.raises(triton.InferenceServerException) as refused:
        client.infer(model, [tensor(image)], version)

    assert refused.value.status() == f"StatusCode.{status}"
    assert words in refused.value.message()


def test_who_may_not_call_is_refused(serve: Serve, film: bytes, tmp_path: Path) -> None:
    keys, port = Keys(tmp_path / "keys.json"), free_port()
    good, other = keys.create("a", ["predict"]), keys.create("b", ["metrics"])
    settings = Settings(grpc_port=port, keys=tmp_path / "keys.json", client_rate="3/hour")
    statuses = []
    with serve(settings), opened(f"127.0.0.1:{port}") as client:
        assert client.is_server_ready()
        for headers in (
            {},
            {"authorization": "Bearer nobody"},
            {"x-api-key": other},
            *[{"authorization": f"Bearer {good}"}] * 3,
            {"x-api-key": good},
        ):
            try:
                client.infer(MODEL, [tensor(film)], headers=headers)
            except triton.InferenceServerException as refused:
                statuses.append(refused.status().removeprefix("StatusCode."))
            else:
                statuses.append("OK")

    assert statuses[:3] == ["UNAUTHENTICATED", "UNAUTHENTICATED", "PERMISSION_DENIED"]
    assert statuses[3:] == ["OK", "OK", "OK", "RESOURCE_EXHAUSTED"]


def test_it_has_no_places_of_its_own(serve_with: ServeWith, film: bytes) -> None:
    engine, port = WaitingEngine(), free_port()
    settings = Settings(grpc_port=port, gate="ssim", max_in_flight=1)
    # The service stops before its client does: what has begun is answered.
    with opened(f"127.0.0.1:{port}") as client, serve_with(settings, engine) as http:
        engine.warm_up(http)
        outcomes: list[Any] = []
        client.async_infer(
            "multi-source", [tensor(film)], lambda result, error: outcomes.append((result, error))
        )
        assert engine.begun.acquire(timeout=PATIENCE_S)
        refused = http.post("/predict", content=film)
        with (
            method(f"127.0.0.1:{port}", "ModelInfer") as infer,
            pytest.raises(grpc.RpcError) as full,
        ):
            infer(message("ModelInferRequest")(model_name="multi-source"), timeout=PATIENCE_S)
        engine.go.set()
    wait_until(lambda: outcomes)

    assert refused.status_code == 503
    assert full.value.code() is grpc.StatusCode.UNAVAILABLE
    told = {it.key: it.value for it in full.value.trailing_metadata()}
    assert told["problem-type"] == "/problems/overloaded"
    assert int(told["retry-after"]) > 0
    ((result, error),) = outcomes
    assert error is None
    assert result.as_numpy("rejected").tolist() == [False]


def test_all_processes_share_the_port(film: bytes) -> None:
    port = free_port()
    with serving(environment={"COVIDXRAY_GRPC_PORT": str(port)}) as process:
        ready(process)
        answers = []
        for _ in range(12):
            with method(f"127.0.0.1:{port}", "ServerReady") as is_ready:
                asked = message("ServerReadyRequest")()
                answers.append(is_ready(asked, timeout=PATIENCE_S, wait_for_ready=True).ready)
        process.terminate()
        lines = [
            json.loads(line) for line in process.communicate(timeout=PATIENCE_S)[0].splitlines()
        ]

    assert all(answers)
    told = [line for line in lines if line.get("path") == f"/{SERVICE}/ServerReady"]
    assert len(told) == 12
    assert {line["status"] for line in told} == {"OK"}


def test_a_port_that_is_in_use_ends_the_start() -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        environment = {"COVIDXRAY_GRPC_PORT": str(used.getsockname()[1])}
        with serving(stderr=subprocess.PIPE, environment=environment) as process:
            _, said = process.communicate(timeout=PATIENCE_S)

    assert process.returncode != 0
    assert "gRPC cannot listen" in said


def test_the_compiled_messages_are_those_of_the_source(tmp_path: Path) -> None:
    made = tmp_path / "made.binpb"
    source = messages.COMPILED.with_suffix(".proto")
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={source.parent}"]
    subprocess.run([*command, f"--descriptor_set_out={made}", source.name], check=True)

    assert made.read_bytes() == messages.COMPILED.read_bytes(), "run `make rpc`"


def test_its_messages_are_those_of_the_protocol() -> None:
    theirs = triton.service_pb2.DESCRIPTOR.message_types_by_name
    for name in ("ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"):
        for kind in ("Request", "Response"):
            ours = message(f"{name}{kind}").DESCRIPTOR
            assert {field.name: field.number for field in ours.fields} == {
                field.name: field.number for field in theirs[f"{name}{kind}"].fields
            }
