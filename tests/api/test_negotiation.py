from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from covidxray_api.api.negotiation import negotiate


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
    ],
)
def test_negotiation(header: str, language: str) -> None:
    assert negotiate(header) == language


def test_a_rejection_in_spanish(service: httpx.Client, no_film: bytes) -> None:
    answer = service.post("/predict", content=no_film, headers={"Accept-Language": "es-MX"})

    assert answer.headers["content-language"] == "es"
    assert answer.headers["vary"] == "Accept-Language"
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
