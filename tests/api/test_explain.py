from __future__ import annotations

import io

import httpx
import numpy as np
import pytest
from PIL import Image


def test_the_answer_is_that_of_predict_and_why(service: httpx.Client, mapped: bytes) -> None:
    name = {"X-Request-ID": "ward-3"}
    predicted = service.post("/predict", content=mapped, headers=name).json()

    answer = service.post("/explain", content=mapped, headers=name)

    assert answer.status_code == 200
    body = answer.json()
    found = body.pop("explanation")
    assert body == predicted
    assert found["label"] == predicted["predicted_label"]
    assert found["withheld"] is None
    assert found["drop"] > found["largest_drop"] > 0
    values = np.array(found["map"]["values"])
    assert values.shape == (found["map"]["height"], found["map"]["width"])
    assert values.max() == 1


def test_a_withheld_map_says_why(service: httpx.Client, unmapped: bytes) -> None:
    answer = service.post(
        "/explain?model=multi-source-fast", content=unmapped, headers={"Accept-Language": "es"}
    )

    found = answer.json()["explanation"]
    assert found["display_label"] == "Neumonía Viral"
    assert found["map"] is None
    assert found["withheld"]["code"] == "map_not_faithful"
    assert found["withheld"]["message"].startswith("No se muestra el mapa")


def test_a_rejected_image_is_answered_without_a_map(service: httpx.Client, no_film: bytes) -> None:
    body = service.post("/explain", content=no_film).json()

    assert body["rejected"] is True
    assert body["explanation"] is None


def test_the_map_comes_as_a_picture_too(service: httpx.Client, mapped: bytes) -> None:
    answer = service.post("/explain", content=mapped, headers={"Accept": "image/png"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store"
    drawn = np.asarray(Image.open(io.BytesIO(answer.content)), dtype=np.int16)
    assert drawn.shape[2] == 3
    assert np.abs(drawn[..., 0] - drawn[..., 2]).max() > 50


@pytest.mark.parametrize(
    ("query", "accept", "status", "problem"),
    [
        ("?label=fracture", "*/*", 400, "unknown-label"),
        ("?model=none", "*/*", 404, "unknown-model"),
        ("?model=seed-cnn", "image/png", 422, "not-explained"),
    ],
)
def test_what_cannot_be_explained_is_a_problem(
    service: httpx.Client, film: bytes, query: str, accept: str, status: int, problem: str
) -> None:
    answer = service.post(f"/explain{query}", content=film, headers={"Accept": accept})

    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{problem}"


def test_no_picture_is_made_without_a_map(service: httpx.Client, unmapped: bytes) -> None:
    answer = service.post(
        "/explain?model=multi-source-fast", content=unmapped, headers={"Accept": "image/png"}
    )

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("The map is withheld")


def test_no_picture_is_made_of_what_is_no_film(service: httpx.Client, no_film: bytes) -> None:
    answer = service.post("/explain", content=no_film, headers={"Accept": "image/png"})

    assert answer.status_code == 422
    assert answer.json()["detail"] == "The image is not a chest radiograph"
