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
from PIL import Image
from pypdf import PdfReader

from covidxray_api.consistency.quality import Finding
from covidxray_api.explanation import NOT_FAITHFUL, Explanation, overlay
from covidxray_api.lungs import Spot
from covidxray_api.models.decision import decide
from covidxray_api.models.evidence import Share
from covidxray_api.models.manifest import Label
from covidxray_api.rendering.pdf import Pdf
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.sheet import Sheet
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Explained
from covidxray_api.settings import Settings
from covidxray_api.texts import MESSAGES, Language, message
from covidxray_api.texts.numbers import percent

MADE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)


def read(pdf: bytes) -> str:
    """Return the text of all sheets, each run of white space as one space."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


LUNGS = (((0.1, 0.9), (0.3, 0.1), (0.4, 0.9)),)


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener.from_settings(Settings())


@pytest.fixture(scope="module")
def explained(screener: Screener, examples: Path) -> Explained:
    return screener.explain((examples / "covid_19.png").read_bytes(), operating_point="screening")


def with_map(explained: Explained) -> Explained:
    cells = np.linspace(0, 1, 49, dtype=np.float32).reshape(7, 7)
    decision = explained.screening.decision
    assert decision
    spot = Spot("outside_lungs", Share(value=0.93, low=0.9, high=0.95, n=412), "1")
    why = Explanation(decision.label, cells, None, 0.31, -0.04, 0.02, spot, LUNGS)
    return replace(explained, explanation=why)


def drawn(explained: Explained, language: Language = "en", request_id: str = "ward-3") -> bytes:
    return Pdf().render(explained, Context(language, request_id, MADE))


def decided(explained: Explained, **probabilities: float) -> Explained:
    """Give an answer other probabilities."""
    screening = explained.screening
    decisions = decide(screening.model.manifest, probabilities)
    changed = replace(screening, probabilities=probabilities, decisions=decisions)
    return replace(explained, screening=changed)


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
        referred = service.post(
            "/report",
            content=film,
            headers={"X-Request-ID": "ward-3.42", "X-Reference": "ACC 1/2"},
        )
        disposition = referred.headers["content-disposition"]
        assert disposition == 'inline; filename="covidxray-ACC-1-2-ward-3.42.pdf"'
        assert "Reference ACC 1/2" in read(referred.content)
        text = read(answer.content)
        prediction = service.post("/predict", content=film).json()
        for words in (
            "Decision support, not a diagnosis: a radiologist must read the radiograph.",
            "Request ward-3.42",
            "No patient identity is known to this service.",
            prediction["headline"],
            prediction["statement"],
            "Operating point “balanced”",
            f"multi-source {prediction['model']['version']} · engine compiled · gate",
            f"gate {prediction['consistency']['gate']}",
            prediction["model"]["sha256"],
        ):
            assert " ".join(words.split()) in text
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
            "Apoyo a la decisión, no un diagnóstico: un radiólogo debe leer la radiografía.",
            "Neumonía viral",
            "Punto de operación «specific»",
            "Este servicio no conoce la identidad de ningún paciente.",
        ):
            assert words in text
        assert re.search(r"\d %  ?· punto de corte ", text)

    def test_what_is_no_film(self, service: httpx.Client, no_film: bytes) -> None:
        answer = service.post("/report", content=no_film, headers={"Accept-Language": "es"})

        assert answer.status_code == 200
        text = read(answer.content)
        assert "La imagen no es una radiografía de Tórax" in text
        assert "No se hizo ninguna lectura automática (multi-source" in text
        assert "punto de corte" not in text

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
        first, second = (drawn(explained) for _ in range(2))

        assert first == second
        assert "2026-03-01 14:05 UTC" in read(first)

    @pytest.mark.parametrize("language", ["en", "es"])
    def test_it_states_its_title_and_language(
        self, explained: Explained, language: Language
    ) -> None:
        document = PdfReader(io.BytesIO(drawn(explained, language)))

        assert document.metadata
        assert document.metadata.title == message("report_title", language)
        assert document.metadata.creation_date == MADE
        assert str(document.root_object["/Lang"]) == language

    def test_it_shows_the_film_and_the_map(self, explained: Explained) -> None:
        mapped = with_map(explained)
        assert mapped.explanation
        assert mapped.explanation.map is not None

        pdf = drawn(mapped)

        (page,) = PdfReader(io.BytesIO(pdf)).pages
        sent, mapped_over = (np.asarray(image.image) for image in page.images)
        pixels = explained.radiograph.pixels
        np.testing.assert_array_equal(sent, pixels)
        np.testing.assert_array_equal(mapped_over, overlay(pixels, mapped.explanation.map, LUNGS))
        assert "Light blue: the outline of the lungs, as a network finds it." in read(pdf)
        assert "by –31.0 percentage points; covering the most influential" in read(pdf)
        assert "areas of that size, by –2.0." in read(pdf)
        assert "strongest outside the lungs, by a network that was right in 93 of 100" in read(pdf)

    def test_it_says_how_large_the_image_is_that_it_shows(
        self, screener: Screener, film: bytes
    ) -> None:
        large = io.BytesIO()
        Image.open(io.BytesIO(film)).resize((2048, 2048)).save(large, "PNG")

        pdf = drawn(screener.explain(large.getvalue()))

        (page,) = PdfReader(io.BytesIO(pdf)).pages
        width, height = page.images[0].image.size  # type: ignore[union-attr]
        assert width < 2048
        assert f"as it was sent, here in {width}×{height} pixels" in read(pdf)

    def test_it_says_why_there_is_no_map(self, explained: Explained) -> None:
        decision = explained.screening.decision
        assert decision
        why = Explanation(decision.label, None, NOT_FAITHFUL, 0.1, 0.2)

        pdf = drawn(replace(explained, explanation=why), "es")

        assert MESSAGES[NOT_FAITHFUL]["es"] in read(pdf)
        (page,) = PdfReader(io.BytesIO(pdf)).pages
        assert len(page.images) == 1

    def test_it_names_the_labels_that_are_to_be_considered(self, explained: Explained) -> None:
        open_ = decided(explained, normal=0.0, covid_19=0.55, viral_pneumonia=0.45)

        text = read(drawn(open_))

        assert "Not conclusive COVID-19: 55% Viral pneumonia: 45% The automatic" in text
        assert message("bacterial_not_told_apart", "en") in text

    def test_what_is_not_probable_enough_is_not_the_headline(self, explained: Explained) -> None:
        alone = decided(explained, normal=0.0, covid_19=0.85, viral_pneumonia=0.15)

        assert "Not conclusive COVID-19: 85% Viral pneumonia: 15%" in read(drawn(alone))

    def test_the_map_is_drawn_only_if_it_was_asked_for(
        self, service: httpx.Client, mapped: bytes
    ) -> None:
        plain = service.post("/report", content=mapped).content
        explained = service.post("/report", params={"map": "true"}, content=mapped).content

        assert len(PdfReader(io.BytesIO(plain)).pages[0].images) == 1
        assert len(PdfReader(io.BytesIO(explained)).pages[0].images) == 2
        assert message("map_does_not_mean", "en") in read(explained)

    def test_every_sheet_says_whose_it_is(self, explained: Explained) -> None:
        found = replace(
            explained.screening.validation.consistency,
            findings=(Finding("colour_photo_of_a_film", "warned"),) * 30,
        )
        validation = replace(explained.screening.validation, consistency=found)
        long = replace(explained, screening=replace(explained.screening, validation=validation))

        pdf = Pdf().render(long, Context("en", "ward-3", MADE, "ACC 1/2"))

        pages = PdfReader(io.BytesIO(pdf)).pages
        assert len(pages) > 1
        for page in pages:
            text = " ".join(page.extract_text().split())
            assert "Chest radiograph: automatic reading" in text
            assert "2026-03-01 14:05 UTC · Reference ACC 1/2 · Request ward-3" in text
            assert "Patient, by hand:" in text

    def test_no_probability_is_printed_as_certain(self, explained: Explained) -> None:
        text = read(drawn(decided(explained, normal=0.0, covid_19=1.0, viral_pneumonia=0.0)))

        assert "> 99%" in text
        assert "< 1%" in text
        for certain in (" 0%", "100%"):
            assert certain not in text

    @pytest.mark.parametrize("language", ["en", "es"])
    @pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
    def test_a_share_is_never_broken_over_lines(self, share: float, language: Language) -> None:
        said = percent(share, language)
        sheet = Sheet("Title", language, MADE, "", ("", ""))
        for width in range(20, 60):
            sheet.say(f"COVID-19: {said} {said} {said} {said} {said}", size=9, width=width)

        (*pages,) = PdfReader(io.BytesIO(bytes(sheet.output()))).pages
        lines = [line for page in pages for line in page.extract_text().splitlines()]
        shown = [line.removeprefix("COVID-19:") for line in lines if "%" in line]
        assert len(shown) > 40
        for line in shown:
            whole = said.replace("\N{NO-BREAK SPACE}", " ")
            assert line.replace("\N{NO-BREAK SPACE}", " ").replace(whole, "").strip() == ""

    def test_a_model_without_rules(self, explained: Explained) -> None:
        screening = explained.screening
        manifest = screening.model.manifest.model_copy(
            update={"operating_points": {}, "prediction_set": None}
        )
        plain = replace(
            screening,
            model=replace(screening.model, manifest=manifest),
            operating_point=None,
            decisions=decide(manifest, screening.probabilities or {}),
        )

        text = read(drawn(replace(explained, screening=plain)))

        assert "The model has no operating points" in text
        assert "Not conclusive" in text

    @pytest.mark.parametrize("language", ["en", "es"])
    def test_all_that_can_be_said_is_there(
        self, screener: Screener, film: bytes, language: Language
    ) -> None:
        explained = with_map(screener.explain(film, model="four-class"))
        screening = explained.screening
        warned = ("low_contrast", "too_small", "colour_photo_of_a_film")
        found = replace(
            screening.validation.consistency,
            findings=tuple(Finding(code, "warned") for code in ("inverted", "rotated_90", *warned)),
        )
        even = dict.fromkeys(screening.model.manifest.codes, 0.25)
        warnings = ("wide_values_rescaled", "first_frame_used", "no_voi_window")
        full = replace(
            explained,
            screening=replace(
                screening,
                probabilities=even,
                decisions=decide(screening.model.manifest, even),
                validation=replace(screening.validation, consistency=found, warnings=warnings),
            ),
        )

        text = read(drawn(full, language, "r" * 128))

        for code in (*warned, *warnings):
            assert message(code, language) in text
        assert screening.model.sha256 in text

    def test_letters_that_the_fonts_lack_do_no_harm(self, explained: Explained) -> None:
        screening = explained.screening
        manifest = screening.model.manifest
        display = {"en": "Здоров", "es": "Здоров"}
        probabilities = {"healthy": 0.6, "ill": 0.4}
        renamed = manifest.model_copy(
            update={
                "labels": tuple(Label(code=code, display=display) for code in probabilities),
                "operating_points": {},
                "prediction_set": None,
            }
        )
        answer = replace(
            screening,
            model=replace(screening.model, manifest=renamed),
            operating_point=None,
            probabilities=probabilities,
            decisions=decide(renamed, probabilities),
        )

        assert "??????" in read(drawn(replace(explained, screening=answer)))
