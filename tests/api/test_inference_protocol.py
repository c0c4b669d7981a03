"""The Open Inference Protocol: by Triton's own client, and by hand where it is read wrong."""

from __future__ import annotations

import base64
import io
import json
import struct
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

MODEL = "multi-source-fast"
INFER = f"/v2/models/{MODEL}/infer"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    triton = pytest.importorskip("tritonclient.http")


@pytest.fixture
def client(service: httpx.Client) -> Iterator[Any]:
    opened = triton.InferenceServerClient(f"{service.base_url.host}:{service.base_url.port}")
    yield opened
    opened.close()


def tensor(*images: bytes) -> Any:
    given = triton.InferInput("image", [len(images)], "BYTES")
    given.set_data_from_numpy(np.array(images, dtype=object))
    return given


def asked(*images: bytes, **more: Any) -> dict[str, Any]:
    data = [base64.b64encode(image).decode() for image in images]
    image = {"name": "image", "shape": [len(images)], "datatype": "BYTES", "data": data}
    return {"inputs": [image], **more}


def test_tritons_client_asks_how_the_service_is(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata()["name"] == "covidxray-api"
    assert client.is_model_ready(MODEL)
    version = client.get_model_metadata(MODEL)["versions"][0]
    assert client.is_model_ready(MODEL, version)
    assert not client.is_model_ready("none-such")


def test_tritons_client_is_answered_as_predict_answers(
    service: httpx.Client, client: Any, film: bytes, no_film: bytes
) -> None:
    found = client.infer(MODEL, [tensor(film, no_film)], request_id="ward-3")

    described = client.get_model_metadata(MODEL)
    alone = service.post("/predict", params={"model": MODEL}, content=film).json()
    probabilities = found.as_numpy("probabilities")
    labels = found.get_output("probabilities")["parameters"]["labels"]
    assert probabilities.shape == (2, described["outputs"][0]["shape"][1])
    expected = [alone["probabilities"][label] for label in labels]
    assert probabilities[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert (probabilities[1] == -1).all()
    assert found.as_numpy("rejected").tolist() == [False, True]
    assert found.as_numpy("predicted_label").tolist() == ["normal", ""]
    assert found.get_response()["id"] == "ward-3"
    answer = json.loads(found.as_numpy("answer")[0])
    assert answer | {"request_id": ""} == alone | {"request_id": ""}


def test_tritons_client_chooses_parameters_and_outputs(client: Any, film: bytes) -> None:
    output = triton.InferRequestedOutput("answer", binary_data=False)

    found = client.infer(
        MODEL, [tensor(film)], outputs=[output], parameters={"operating_point": "specific"}
    )

    assert [one["name"] for one in found.get_response()["outputs"]] == ["answer"]
    assert json.loads(found.as_numpy("answer")[0])["operating_point"] == "specific"


def test_tritons_client_reads_why_it_is_refused(client: Any, film: bytes) -> None:
    with pytest.raises(Exception, match="no model named 'none-such'"):
        client.infer("none-such", [tensor(film)])
    with pytest.raises(Exception, match="begin like no format"):
        client.infer(MODEL, [tensor(b"text")])


def test_images_may_stand_in_the_json(service: httpx.Client, film: bytes) -> None:
    version = service.get(f"/v2/models/{MODEL}").json()["versions"][0]

    answer = service.post(f"/v2/models/{MODEL}/versions/{version}/infer", json=asked(film))

    assert answer.json()["model_version"] == version
    assert answer.json()["outputs"][1]["data"] == ["normal"]


def with_binary(data: bytes, header: str | None = None, **image: Any) -> dict[str, Any]:
    given = {"name": "image", "shape": [1], "datatype": "BYTES"} | image
    given["parameters"] = {"binary_data_size": len(data)}
    text = json.dumps({"inputs": [given]}).encode()
    headers = {"Inference-Header-Content-Length": header or str(len(text))}
    return {"content": text + data, "headers": headers}


def pixels(datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    given = {"name": "image", "shape": shape, "datatype": datatype, "data": data}
    return {"json": {"inputs": [given]}}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"content": b"{"}, "Invalid JSON"),
        ({"json": {"inputs": []}}, "there is one, 'image'"),
        ({"json": {"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES"}]}}, "'image'"),
        (
            pixels("INT16", [32, 32], [0] * 1024),
            "BYTES (image files), UINT8 (pixels from 0 to 255)",
        ),
        (pixels("FP32", [32, 32], [255.0] * 1024), "from 0 (black) to 1 (white), these from 255"),
        (pixels("UINT8", [32, 32], [256] * 1024), "from 0 (black) to 255 (white)"),
        (pixels("UINT8", [32, 32], [0.5] * 1024), "no numbers of type UINT8"),
        (pixels("FP32", [32, 32], ["a"] * 1024), "no numbers of type FP32"),
        (pixels("FP32", [1, 3, 32, 32], [0.5] * 3072), "neither [height, width] nor"),
        (pixels("UINT8", [32, 32], [0] * 1000), "and 1000 elements"),
        (pixels("UINT8", [32, 0], []), "neither [height, width] nor"),
        (with_binary(bytes(4095), datatype="FP32", shape=[32, 32]), "elements"),
        (with_binary(b"\0\0\xc0\x7f" * 1024, datatype="FP32", shape=[32, 32]), "to nan"),
        ({"json": asked(b"x") | {"parameters": {"operating-point": "x"}}}, "'operating_point'"),
        ({"json": asked(b"x") | {"parameters": {"prevalence": 2}}}, "prevalence"),
        ({"json": {"inputs": [asked(b"x")["inputs"][0] | {"shape": [2]}]}}, "1 elements"),
        ({"json": {"inputs": [asked(b"x")["inputs"][0] | {"data": ["!"]}]}}, "base64"),
        ({"json": {"inputs": [asked(b"x")["inputs"][0] | {"data": [[1]]}]}}, "base64"),
        ({"json": asked(*[b"x"] * 65)}, "at most 64"),
        (with_binary(b"\x01"), "BYTES"),
        (with_binary(struct.pack("<I", 9) + b"short"), "BYTES"),
        (with_binary(b"", header="x"), "Inference-Header-Content-Length"),
    ],
)
def test_what_cannot_be_read_is_refused_for_what_it_is(
    service: httpx.Client, sent: dict[str, Any], words: str
) -> None:
    answer = service.post(INFER, **sent)

    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert answer.json()["error"] == answer.json()["detail"]


def decoded(film: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(film)).convert("L"))


@pytest.mark.parametrize(
    ("datatype", "scaled"),
    [("UINT8", lambda it: it), ("FP32", lambda it: it.astype(np.float32) / 255)],
)
def test_pixels_are_answered_as_the_file_that_they_are_of(
    client: Any, film: bytes, datatype: str, scaled: Callable[[np.ndarray], np.ndarray]
) -> None:
    grey = decoded(film)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "png")
    two = scaled(np.stack([grey, 255 - grey]))
    given = triton.InferInput("image", two.shape, datatype)
    given.set_data_from_numpy(two)

    found = client.infer(MODEL, [given])

    expected = client.infer(MODEL, [tensor(buffer.getvalue())]).as_numpy("probabilities")
    assert found.as_numpy("probabilities").shape == (2, 3)
    assert found.as_numpy("probabilities")[0] == pytest.approx(expected[0], abs=1e-6)
    findings = json.loads(found.as_numpy("answer")[1])["consistency"]["findings"]
    assert [it["code"] for it in findings] == ["inverted"]


def test_pixels_may_stand_in_the_json(service: httpx.Client, film: bytes) -> None:
    grey = decoded(film)[::4, ::4]

    nested = service.post(INFER, **pixels("UINT8", [*grey.shape], grey.tolist()))
    flat = service.post(INFER, **pixels("FP32", [1, *grey.shape], (grey / 255).ravel().tolist()))

    assert nested.json()["outputs"][0]["data"] == flat.json()["outputs"][0]["data"]
    assert nested.json()["outputs"][1]["data"] == ["normal"]


def test_an_output_that_there_is_not_is_refused(service: httpx.Client, film: bytes) -> None:
    answer = service.post(INFER, json=asked(film, outputs=[{"name": "probability"}]))

    assert answer.status_code == 400
    assert "did you mean 'probabilities'" in answer.json()["error"]


def test_another_version_is_not_there(service: httpx.Client) -> None:
    answer = service.get(f"/v2/models/{MODEL}/versions/999")

    assert answer.status_code == 404
    assert "version '999'" in answer.json()["error"]
