from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from covidxray_api.api.negotiation import negotiate, negotiate_media_type
from covidxray_api.errors import NotAcceptable

JSON, PDF, PNG = "application/json", "application/pdf", "image/png"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("ES", "es"),
        ("es-MX", "es"),
        ("es-419,en;q=0.8", "es"),
        ("en-GB, es", "en"),
        ("en;q=0.5, es;q=0.9", "es"),
        ("en; q=0.5 , es ; q=0.4", "en"),
        ("fr", "en"),
        ("fr, es;q=0.1", "es"),
        ("est", "en"),
        ("*", "en"),
        ("*;q=0.1, es;q=0", "en"),
        ("*, en;q=0", "es"),
        ("*;q=0.5, en;q=0.1", "es"),
        ("es;q=0", "en"),
        ("es;q=high", "en"),
        ("es;q=7", "en"),
        ("es;q=nan", "en"),
        (";;q,=,", "en"),
        ("es, en", "es"),
        ("es-MX, en;q=0.5", "es"),
        ("en-US,es;q=0.9", "en"),
    ],
)
def test_negotiation(header: str, language: str) -> None:
    assert negotiate(header) == language


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("image/png,*/*", PNG),
        ("*/*, image/png", PNG),
        ("image/png, application/json", PNG),
        ("image/png;q=0.5, application/json", JSON),
        ("application/json;q=0.1, application/pdf;q=0.2", PDF),
        ("application/json;q=0, */*", PDF),
        ("application/*", JSON),
        ("image/*", PNG),
        ("IMAGE/PNG", PNG),
        ("application/json; charset=utf-8", JSON),
        ("application/json, text/plain, */*", JSON),
        ("text/html,application/xhtml+xml,image/avif;q=0.9,*/*;q=0.8", JSON),
        ("garbage", JSON),
        (";;,", JSON),
        ("image/png;q=7", JSON),
    ],
)
def test_negotiation_of_media_types(header: str, media_type: str) -> None:
    assert negotiate_media_type(header, [JSON, PDF, PNG]) == media_type


@pytest.mark.parametrize("header", ["text/html", "*/*;q=0", "image/png;q=0", "text/plain,*/*;q=0"])
def test_what_excludes_everything_is_not_acceptable(header: str) -> None:
    with pytest.raises(NotAcceptable):
        negotiate_media_type(header, [JSON, PDF, PNG])


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("/explain", "image/png,*/*", PNG),
        ("/explain", "application/pdf", PDF),
        ("/explain", "*/*", JSON),
        ("/report", "*/*", PDF),
        ("/report", "application/json", JSON),
        ("/predict", "application/json, text/plain, */*", JSON),
        ("/preview", "image/*", PNG),
        ("/levels", "*/*", "application/octet-stream"),
    ],
)
def test_the_caller_chooses_the_media_type(
    service: httpx.Client, mapped: bytes, path: str, accept: str, media_type: str
) -> None:
    answer = service.post(path, content=mapped, headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["vary"] == "Accept, Accept-Language"


def test_headers_of_the_same_name_are_one_list(service: httpx.Client, mapped: bytes) -> None:
    headers = [("Accept", "text/html"), ("Accept", "image/png;q=0.5")]

    answer = service.post("/explain", content=mapped, headers=headers)

    assert answer.headers["content-type"] == PNG


@pytest.mark.parametrize("path", ["/predict", "/validate", "/explain", "/preview", "/report"])
def test_what_cannot_be_had_is_a_problem_that_names_what_can(
    service: httpx.Client, film: bytes, path: str
) -> None:
    answer = service.post(path, content=film, headers={"Accept": "text/csv"})

    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["vary"] == "Accept, Accept-Language"
    problem = answer.json()
    assert problem["type"] == "/problems/not-acceptable"
    assert ("image/png" if path == "/preview" else "application/json") in problem["detail"]


def test_a_rejection_in_spanish(service: httpx.Client, no_film: bytes) -> None:
    answer = service.post("/predict", content=no_film, headers={"Accept-Language": "es-MX"})

    assert answer.headers["content-language"] == "es"
    assert answer.headers["vary"] == "Accept, Accept-Language"
    body = answer.json()
    assert body["rejection"]["message"] == "La imagen no es una radiografía de Tórax"
    assert body["rejection"]["code"] == "not_a_chest_radiograph"
    assert body["notice"].startswith("Apoyo a la decisión, no un diagnóstico")


def test_a_diagnosis_in_spanish(service: httpx.Client, examples: Path) -> None:
    film = (examples / "viral_pneumonia.png").read_bytes()

    body = service.post("/predict", content=film, headers={"Accept-Language": "es"}).json()

    assert body["display_label"] == "Neumonía Viral"
    assert body["predicted_label"] == "viral_pneumonia"


def test_english_is_the_default(service: httpx.Client, examples: Path) -> None:
    film = (examples / "viral_pneumonia.png").read_bytes()

    answer = service.post("/predict", content=film)

    assert answer.headers["content-language"] == "en"
    assert answer.json()["display_label"] == "Viral pneumonia"
    assert answer.json()["notice"].startswith("Decision support, not a diagnosis")


def test_validation_speaks_the_language_too(service: httpx.Client, no_film: bytes) -> None:
    answer = service.post("/validate", content=no_film, headers={"Accept-Language": "es"})

    assert answer.headers["content-language"] == "es"
    assert answer.json()["rejection"]["message"] == "La imagen no es una radiografía de Tórax"
