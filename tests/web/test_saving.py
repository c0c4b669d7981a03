"""What leaves the page: the answer as JSON, the report as PDF, paper, and an opinion."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pypdf
import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.web.conftest import Visit

NEITHER = "No sign of COVID-19 or viral pneumonia"


def test_the_answer_is_saved_as_json(visit: Visit, examples: Path) -> None:
    page = visit()
    with page.expect_response(re.compile("/predict")) as responded:
        page.set_input_files("#choose", examples / "covid_19.png")
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Answer (JSON)").click()

    assert downloaded.value.suggested_filename == "covid_19.png.json"
    saved = json.loads(downloaded.value.path().read_text(encoding="utf-8"))
    assert saved == {**responded.value.json(), "explanation": None}


def test_a_reference_goes_with_everything_that_leaves_the_page(answered: Page) -> None:
    answered.get_by_label("Reference (optional)").fill("ACC-2026-0173")
    answered.get_by_label("Reference (optional)").blur()
    expect(answered.locator(".card h3")).to_have_text("1 · ACC-2026-0173 · covid_19.png")
    with answered.expect_download() as downloaded:
        answered.get_by_role("button", name="Answer (JSON)").click()
    assert downloaded.value.suggested_filename == "ACC-2026-0173-covid_19.png.json"
    saved = json.loads(downloaded.value.path().read_text(encoding="utf-8"))
    assert saved["reference"] == "ACC-2026-0173"

    with answered.expect_request(re.compile("/report")) as asked, answered.expect_download() as pdf:
        answered.get_by_role("button", name="Report (PDF)").click()
    assert asked.value.header_value("x-reference") == "ACC-2026-0173"
    assert pdf.value.suggested_filename == "ACC-2026-0173-covid_19.png.pdf"
    report = pypdf.PdfReader(io.BytesIO(pdf.value.path().read_bytes()))
    assert "ACC-2026-0173" in report.pages[0].extract_text()
    paper = pypdf.PdfReader(io.BytesIO(answered.pdf(format="A4")))
    assert "ACC-2026-0173" in paper.pages[0].extract_text()


@pytest.mark.parametrize(
    ("locale", "label", "words"),
    [
        ("en-GB", "Reference (optional)", "Letters without accents"),
        ("es-ES", "Referencia (opcional)", "Solo letras sin acentos"),
    ],
)
def test_a_reference_that_the_service_does_not_take_is_not_used(
    visit: Visit, examples: Path, locale: str, label: str, words: str
) -> None:
    page = visit(locale=locale)
    page.set_input_files("#choose", examples / "covid_19.png")
    page.get_by_label(label).fill("Niño-7")
    page.get_by_label(label).blur()

    expect(page.locator(".reference .fault")).to_contain_text(words)
    expect(page.locator(".card h3")).to_have_text("1 · covid_19.png")


def test_the_report_has_the_map_only_where_it_is_shown(answered: Page) -> None:
    with answered.expect_request(re.compile("/report")) as plain, answered.expect_download():
        answered.get_by_role("button", name="Report (PDF)").click()
    assert "map=" not in plain.value.url
    answered.get_by_role("button", name="Why?").click()
    expect(answered.locator(".why")).to_be_visible()
    with answered.expect_request(re.compile("/report")) as mapped, answered.expect_download():
        answered.get_by_role("button", name="Report (PDF)").click()
    assert "map=true" in mapped.value.url


def test_the_report_is_saved_in_the_language_of_the_page(visit: Visit, examples: Path) -> None:
    page = visit(locale="es-ES")
    page.set_input_files("#choose", examples / "covid_19.png")
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Informe (PDF)").click()

    assert downloaded.value.suggested_filename == "covid_19.png.pdf"
    report = pypdf.PdfReader(io.BytesIO(downloaded.value.path().read_bytes()))
    assert len(report.pages) == 1
    assert "radiólogo" in report.pages[0].extract_text()
    expect(page.locator("#announcer")).to_have_text("El informe está guardado.")


def test_a_report_that_fails_is_explained(answered: Page) -> None:
    answered.route(re.compile("/report"), lambda route: route.abort())
    answered.get_by_role("button", name="Report (PDF)").click()

    expect(answered.get_by_role("alert")).to_contain_text("The service does not answer.")


def test_on_paper_each_radiograph_has_its_page(visit: Visit, examples: Path) -> None:
    page = visit(color_scheme="dark")
    page.set_input_files("#choose", [examples / f"{name}.png" for name in ("normal", "covid_19")])
    expect(page.locator(".plate img:visible")).to_have_count(2)
    expect(page.locator(".verdict")).to_have_count(2)
    headlines = page.locator(".verdict").all_text_contents()
    for button in page.get_by_role("button", name="Why?").all():
        button.click()
    expect(page.locator(".why")).to_have_count(2)
    # Where the reader is shall not matter to the paper.
    page.mouse.wheel(0, 600)
    paper = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4")))

    texts = [sheet.extract_text() for sheet in paper.pages]
    assert len(texts) == 2
    for text, name, said in zip(texts, ("normal", "covid_19"), headlines, strict=True):
        assert name in text
        assert said in " ".join(text.split())
        assert "Chest radiograph screening" in text
        assert "Patient: ____" in text
        assert f"{datetime.now(tz=UTC):%Y}" in text
        assert "Decision support, not a diagnosis" in text
        assert "Choose radiographs" not in text
        assert "Why?" not in text


def test_all_are_printed_whether_their_cards_are_open_or_not(visit: Visit, examples: Path) -> None:
    page = visit(locale="es-ES")
    names = ["normal", "covid_19", "viral_pneumonia", "not_a_radiograph", "normal"]
    page.set_input_files("#choose", [examples / f"{name}.png" for name in names])
    expect(page.locator("#announcer")).to_contain_text("5 de 5")
    expect(page.locator(".card")).to_have_count(0)
    # The dialogue of the browser is not drawn here; what it would print is taken afterwards.
    page.evaluate("window.print = () => (window.asked = true)")
    page.get_by_role("button", name="Imprimir todas").click()
    page.wait_for_function("window.asked")
    paper = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4")))

    texts = [sheet.extract_text() for sheet in paper.pages]
    assert len(texts) == len(names)
    for sheet, text, name in zip(paper.pages, texts, names, strict=True):
        assert f"{name}.png" in text
        assert sheet.images
    expect(page.locator(".card:visible")).to_have_count(0)


def sent(page: Page) -> dict[str, Any]:
    """Send the opinion of the only radiograph, and return what the service took."""
    with page.expect_response(re.compile("/feedback")) as responded:
        page.locator(".feedback-form").get_by_role("button", name="Send").click()
    assert responded.value.status == 201
    said: dict[str, Any] | None = responded.value.request.post_data_json
    assert said is not None
    return said


def test_an_opinion_is_sent_as_the_service_takes_it(
    answered: Page, service: httpx.Client, examples: Path
) -> None:
    answer = service.post("/predict", content=(examples / "covid_19.png").read_bytes()).json()
    model = answer["model"]
    named = {"normal": NEITHER, "covid_19": "COVID-19", "viral_pneumonia": "Viral pneumonia"}
    del named[answer["predicted_label"]]
    answered.get_by_text("What do you think of this answer?").click()
    form = answered.locator(".feedback-form")
    corrected = form.get_by_label("What does the radiograph show?")
    expect(corrected).to_be_hidden()
    form.get_by_label("I disagree").check()
    assert corrected.locator("option").all_text_contents() == [
        "None of these, or not known",
        *named.values(),
    ]
    corrected.select_option(label="Viral pneumonia")
    expect(form).to_contain_text("Write no name")
    form.get_by_label("Comment").fill("Bilateral, in a child.")

    assert sent(answered) == {
        "request_id": answered.locator(".facts dd").last.text_content(),
        "model": {"name": model["name"], "version": model["version"]},
        "predicted_label": answer["predicted_label"],
        "opinion": "disagree",
        "corrected_label": "viral_pneumonia",
        "comment": "Bilateral, in a child.",
    }
    thanks = answered.get_by_text("Thank you. Your opinion is recorded.")
    expect(thanks).to_be_focused()


def test_a_label_of_an_opinion_that_was_changed_is_not_sent(answered: Page) -> None:
    answered.get_by_text("What do you think of this answer?").click()
    form = answered.locator(".feedback-form")
    form.get_by_label("I disagree").check()
    form.get_by_label("What does the radiograph show?").select_option(index=1)
    form.get_by_label("I agree").check()

    said = sent(answered)
    assert (said["opinion"], said["corrected_label"], said["comment"]) == ("agree", None, None)


def test_a_refusal_can_be_contradicted(visit: Visit, examples: Path) -> None:
    page = visit()
    page.set_input_files("#choose", examples / "not_a_radiograph.png")
    page.get_by_text("What do you think of this answer?").click()
    page.get_by_label("Not sure").check()

    assert sent(page)["predicted_label"] is None


def test_an_opinion_that_is_not_recorded_is_kept_and_sent_again(answered: Page) -> None:
    problem = {"type": "/problems/records-unavailable", "title": "-", "status": 503}
    answered.route(re.compile("/feedback"), lambda route: route.fulfill(status=503, json=problem))
    answered.get_by_text("What do you think of this answer?").click()
    answered.get_by_label("I agree").check()
    answered.get_by_label("Comment").fill("Clear.")
    answered.get_by_role("button", name="Send").click()
    expect(answered.get_by_role("alert")).to_contain_text("Your opinion could not be recorded.")
    expect(answered.get_by_label("Comment")).to_have_value("Clear.")

    answered.unroute(re.compile("/feedback"))
    answered.get_by_role("button", name="Send").click()
    expect(answered.get_by_text("Thank you.")).to_be_visible()
