"""MLServer's client against the Open Inference Protocol, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

MLSERVER = "mlserver==1.7.1"
"""It wants other versions of what the service stands on, so that it is none of its dependencies."""

LABELS = ("normal", "covid_19", "not_a_radiograph")

pytestmark = [pytest.mark.npm, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment in which MLServer is installed."""
    uv = str(Path(sys.executable).with_name("uv"))
    folder = tmp_path_factory.mktemp("mlserver")
    told(uv, "venv", "--quiet", "--python", sys.executable, folder)
    told(uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", MLSERVER)
    return folder / "bin"


def told(*command: str | Path, **options: Any) -> str:
    """Return what a command prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


@pytest.fixture
def address(service: httpx.Client) -> str:
    return f"127.0.0.1:{service.base_url.port}"


def test_its_types_and_codecs(programs: Path, address: str, examples: Path) -> None:
    program = """
import json, sys, urllib.request
from mlserver.codecs import Base64Codec, NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse
url, *paths = sys.argv[1:]
model = MetadataModelResponse.model_validate_json(urllib.request.urlopen(url).read())
films = [open(path, "rb").read() for path in paths]
image = Base64Codec.encode_input(model.inputs[0].name, films, use_bytes=False)
asked = InferenceRequest(id="ward-3", inputs=[image]).model_dump_json(exclude_none=True)
headers = {"Content-Type": "application/json"}
request = urllib.request.Request(url + "/infer", asked.encode(), headers)
answer = InferenceResponse.model_validate_json(urllib.request.urlopen(request).read())
assert {it.name for it in answer.outputs} == {it.name for it in model.outputs}
found = {it.name: it for it in answer.outputs}
print(json.dumps({
    "id": answer.id,
    "labels": found["probabilities"].parameters.labels,
    "probabilities": NumpyCodec.decode_output(found["probabilities"]).tolist(),
    "predicted": StringCodec.decode_output(found["predicted_label"]),
    "rejected": NumpyCodec.decode_output(found["rejected"]).tolist(),
    "answers": [json.loads(it) for it in StringCodec.decode_output(found["answer"])],
}))
"""
    url = f"http://{address}/v2/models/multi-source"
    films = [examples / f"{label}.png" for label in LABELS]

    found = json.loads(told(programs / "python", "-c", program, url, *films))

    assert found["id"] == "ward-3"
    assert found["predicted"] == ["normal", "covid_19", ""]
    assert found["rejected"] == [False, False, True]
    for label, shares in zip(LABELS[:2], found["probabilities"], strict=False):
        assert found["labels"][shares.index(max(shares))] == label
    assert all(answer["notice"] for answer in found["answers"])


def test_its_client_of_many_requests(
    programs: Path, address: str, examples: Path, tmp_path: Path
) -> None:
    program = """
import sys
from mlserver.codecs import Base64Codec
from mlserver.types import InferenceRequest
for number, path in enumerate(sys.argv[1:]):
    image = Base64Codec.encode_input("image", [open(path, "rb").read()], use_bytes=False)
    print(InferenceRequest(id=str(number), inputs=[image]).model_dump_json(exclude_none=True))
"""
    text = tmp_path / "text"
    text.write_text("The patient is well.")
    films = [examples / f"{label}.png" for label in LABELS]
    asked, bad, answered = (tmp_path / name for name in ("asked", "bad", "answered"))
    asked.write_text(told(programs / "python", "-c", program, *films, *films))
    bad.write_text(told(programs / "python", "-c", program, text))
    infer = (programs / "mlserver", "infer", "-u", address, "-m", "multi-source", "-o", answered)

    # Three radiographs a request, of which it makes one of the protocol.
    told(*infer, "-i", asked, "-w", "2", "-s", "3")
    answers = {it["id"]: it for it in map(json.loads, answered.read_text().splitlines())}
    told(*infer, "-i", bad, "-r", "1")
    refused = json.loads(answered.read_text())

    predicted = {
        name: [it["data"] for it in answer["outputs"] if it["name"] == "predicted_label"]
        for name, answer in answers.items()
    }
    expected = ["normal", "covid_19", ""] * 2
    assert predicted == {str(number): [[label]] for number, label in enumerate(expected)}
    assert "begin like no format" in refused["error"]["msg"]
