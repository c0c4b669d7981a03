"""The report, read as its readers do: as text on a page."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
from pypdf import PdfReader

from covidxray_api.consistency.quality import Finding
from covidxray_api.explanation import NOT_FAITHFUL, Explanation, overlay
from covidxray_api.models.manifest import Label
from covidxray_api.rendering import pdf as report
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Explained
from covidxray_api.settings import Settings
from covidxray_api.texts import MESSAGES, Language, message

MADE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)


def read(pdf: bytes) -> str:
    """Return the text of the only page, each run of white space as one space."""
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(page.extract_text().split())


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener.from_settings(Settings())


@pytest.fixture(scope="module")
def explained(screener: Screener, examples: Path) -> Explained:
    return screener.explain((examples / "covid_19.png").read_bytes(), operating_point="screening")


def with_map(explained: Explained) -> Explained:
    cells = np.linspace(0, 1, 49, dtype=np.float32).reshape(7, 7)
    label = explained.screening.predicted
    assert label
    return replace(explained, explanation=Explanation(label, cells, None, 0.31, -0.04))


class TestRequests:
    def test_a_film_in_english(self, service: httpx.Client, examples: Path) -> None:
        film = (examples / "covid_19.png").read_bytes()
        answer = service.post(
            "/report", files={"file": film}, headers={"X-Request-ID": "ward-3.42"}
        )

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-language"] == "en"
        assert answer.headers["cache-control"] == "no-store"
        disposition = answer.headers["content-disposition"]
        assert disposition == 'inline; filename="covidxray-ward-3.42.pdf"'
        text = read(answer.content)
        prediction = service.post("/predict", content=film).json()
        for words in (
            "Decision support, not a diagnosis: a radiologist must read the film.",
            "Request ward-3.42",
            "No patient identity is known to this service.",
            "COVID-19",
            *(f"{100 * share:.1f} %" for share in prediction["probabilities"].values()),
            "threshold 50.0 %",
            "Operating point “balanced”",
            f"multi-source {prediction['model']['version']}",
            prediction["model"]["sha256"],
        ):
            assert words in text
        assert re.search(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC", text)

    def test_a_film_in_spanish(self, service: httpx.Client, examples: Path) -> None:
        film = (examples / "viral_pneumonia.png").read_bytes()
        answer = service.post(
            "/report",
            content=film,
            params={"operating_point": "specific", "model": "multi-source"},
            headers={"Accept-Language": "es"},
        )

        assert answer.headers["content-language"] == "es"
        text = read(answer.content)
        for words in (
            "Radiografía de tórax: lectura automática",
            "Apoyo a la decisión, no un diagnóstico: un radiólogo debe leer la placa.",
            "Neumonía Viral",
            "Punto de operación «specific»",
            "Este servicio no conoce la identidad de ningún paciente.",
        ):
            assert words in text
        assert re.search(r"\d,\d %", text)

    def test_what_is_no_film(self, service: httpx.Client, no_film: bytes) -> None:
        answer = service.post("/report", content=no_film, headers={"Accept-Language": "es"})

        assert answer.status_code == 200
        text = read(answer.content)
        assert "La imagen no es una radiografía de Tórax" in text
        assert "No hay mapa porque no hay respuesta." in text
        assert "umbral" not in text

    @pytest.mark.parametrize(
        ("params", "status", "slug"),
        [
            ({"model": "none-such"}, 404, "unknown-model"),
            ({"operating_point": "lucky"}, 400, "unknown-operating-point"),
        ],
    )
    def test_what_cannot_be_chosen(
        self, service: httpx.Client, film: bytes, params: dict[str, str], status: int, slug: str
    ) -> None:
        answer = service.post("/report", params=params, content=film)

        assert answer.status_code == status
        assert answer.json()["type"] == f"/problems/{slug}"


class TestPage:
    def test_the_same_arguments_give_the_same_bytes(self, explained: Explained) -> None:
        first, second = (report.render(explained, "ward-3", "en", MADE) for _ in range(2))

        assert first == second
        assert "2026-03-01 14:05 UTC" in read(first)

    @pytest.mark.parametrize("language", ["en", "es"])
    def test_it_states_its_title_and_language(
        self, explained: Explained, language: Language
    ) -> None:
        document = PdfReader(io.BytesIO(report.render(explained, "ward-3", language, MADE)))

        assert document.metadata
        assert document.metadata.title == message("report_title", language)
        assert document.metadata.creation_date == MADE
        assert str(document.root_object["/Lang"]) == language

    def test_it_shows_the_film_and_the_map(self, explained: Explained) -> None:
        mapped = with_map(explained)
        assert mapped.explanation
        assert mapped.explanation.map is not None

        pdf = report.render(mapped, "ward-3", "en", MADE)

        (page,) = PdfReader(io.BytesIO(pdf)).pages
        film, drawn = (np.asarray(image.image) for image in page.images)
        pixels = explained.radiograph.pixels
        np.testing.assert_array_equal(film, pixels)
        np.testing.assert_array_equal(drawn, overlay(pixels, mapped.explanation.map))
        assert "by –31.0 percentage points; covering other areas, by 4.0." in read(pdf)

    def test_it_says_why_there_is_no_map(self, explained: Explained) -> None:
        label = explained.screening.predicted
        assert label
        withheld = replace(explained, explanation=Explanation(label, None, NOT_FAITHFUL, 0.1, 0.2))

        pdf = report.render(withheld, "ward-3", "es", MADE)

        assert MESSAGES[NOT_FAITHFUL]["es"] in read(pdf)
        (page,) = PdfReader(io.BytesIO(pdf)).pages
        assert len(page.images) == 1

    def test_it_says_what_else_is_possible(self, explained: Explained) -> None:
        probabilities = {"normal": 0.0, "covid_19": 0.55, "viral_pneumonia": 0.45}
        open_ = replace(explained.screening, probabilities=probabilities)
        none = dict.fromkeys(probabilities, 0.0)

        text = read(report.render(replace(explained, screening=open_), "r", "en", MADE))
        assert "What remains plausible to the model: COVID-19, Viral pneumonia." in text
        closed = replace(explained.screening, probabilities=none)
        text = read(report.render(replace(explained, screening=closed), "r", "en", MADE))
        assert "No label fits the film well." in text

    def test_a_model_without_operating_points(self, explained: Explained) -> None:
        screening = explained.screening
        manifest = screening.model.manifest.model_copy(update={"operating_points": {}})
        model = replace(screening.model, manifest=manifest)
        plain = replace(screening, model=model, operating_point=None)

        text = read(report.render(replace(explained, screening=plain), "r", "en", MADE))

        assert "the model has no operating points" in text
        assert "threshold" not in text

    @pytest.mark.parametrize("language", ["en", "es"])
    def test_all_that_can_be_said_fits_on_one_page(
        self, screener: Screener, film: bytes, language: Language
    ) -> None:
        explained = with_map(screener.explain(film, model="four-class"))
        screening = explained.screening
        warned = ("low_contrast", "too_small", "colour_photo_of_a_film")
        found = replace(
            screening.validation.consistency,
            findings=tuple(Finding(code, "warned") for code in ("inverted", "rotated_90", *warned)),
        )
        warnings = ("wide_values_rescaled", "first_frame_used", "no_voi_window")
        full = replace(
            explained,
            screening=replace(
                screening,
                probabilities=dict.fromkeys(screening.probabilities or {}, 0.25),
                validation=replace(screening.validation, consistency=found, warnings=warnings),
            ),
        )

        text = read(report.render(full, "r" * 128, language, MADE))

        for code in (*warned, *warnings):
            assert message(code, language) in text
        assert screening.model.sha256 in text

    def test_letters_that_the_fonts_lack_do_no_harm(self, explained: Explained) -> None:
        screening = explained.screening
        manifest = screening.model.manifest
        labels = tuple(
            Label(code=label.code, display={"en": "Здоров", "es": "Здоров"})
            for label in manifest.labels
        )
        model = replace(screening.model, manifest=manifest.model_copy(update={"labels": labels}))

        pdf = report.render(
            replace(explained, screening=replace(screening, model=model)), "ward-3", "en", MADE
        )

        assert "??????" in read(pdf)
