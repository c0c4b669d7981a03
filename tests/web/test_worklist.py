"""The table: a line for each radiograph, the urgent ones first."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pypdf
import pytest
from playwright.sync_api import Page, Response, expect

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Visit

TWELVE = 12


@pytest.fixture
def mixed(examples: Path, doubtful: bytes) -> dict[str, bytes]:
    """A dozen images of every kind, the least urgent first."""
    normal, covid, viral, none = (
        (examples / f"{name}.png").read_bytes()
        for name in ("normal", "covid_19", "viral_pneumonia", "not_a_radiograph")
    )
    kinds = {"normal": normal, "viral": viral, "none": none, "doubtful": doubtful, "covid": covid}
    repeated = [*kinds.items(), *kinds.items(), ("normal", normal), ("covid", covid)]
    return {f"{place:02}-{kind}.png": data for place, (kind, data) in enumerate(repeated, 1)}


def answers(
    service: httpx.Client, images: dict[str, bytes], language: str = "en"
) -> dict[str, Any]:
    headers = {"Accept-Language": language}
    return {
        name: service.post("/predict", content=data, headers=headers).json()
        for name, data in images.items()
    }


def urgency(answer: dict[str, Any]) -> int:
    if answer["rejected"]:
        return 2
    if not answer["conclusive"]:
        return 1
    return {"covid_19": 0, "viral_pneumonia": 4, "normal": 5}[answer["predicted_label"]]


def done(page: Page) -> None:
    expect(page.locator("#announcer")).to_have_text(re.compile(f"^{TWELVE} (of|de) {TWELVE}: "))


@pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("es-ES", "es")])
def test_the_urgent_come_first_and_are_counted_once(
    visit: Visit,
    service: httpx.Client,
    drop: Drop,
    mixed: dict[str, bytes],
    locale: str,
    language: str,
) -> None:
    said = answers(service, mixed, language)
    page = visit(locale=locale)
    page.evaluate(
        """() => {
            window.announced = [];
            new MutationObserver(() => window.announced.push(
                document.querySelector("#announcer").textContent))
                .observe(document.querySelector("#announcer"), { childList: true });
        }"""
    )
    drop(page, mixed)
    done(page)

    expected = sorted(mixed, key=lambda name: (urgency(said[name]), name))
    rows = page.locator("#worklist tbody tr")
    expect(rows.locator(".opener")).to_have_text([re.compile(f"{name}$") for name in expected])
    expect(rows.locator(".outcome")).to_have_text([said[name]["headline"] for name in expected])
    doubtful = [name for name in mixed if urgency(said[name]) == 1]
    refused = [name for name in mixed if said[name]["rejected"]]
    assert doubtful
    assert refused
    announced = page.evaluate("window.announced")
    assert len(announced) == 1
    words = {"en": ("not conclusive", "refused"), "es": ("no concluyente", "rechazada")}[language]
    assert f"{len(doubtful)} {words[0]}" in announced[0]
    assert f"{len(refused)} {words[1]}" in announced[0]
    # No card is opened unasked where there are many.
    expect(page.locator(".card:visible")).to_have_count(0)


def test_a_line_is_filtered_found_and_opened(
    visit: Visit, service: httpx.Client, drop: Drop, mixed: dict[str, bytes]
) -> None:
    page = visit()
    drop(page, mixed)
    done(page)
    rows = page.locator("#worklist tbody tr:visible")
    page.get_by_role("button", name="Refused 2").click()
    expect(rows).to_have_count(2)
    expect(page.get_by_role("button", name="Refused 2")).to_be_focused()
    page.get_by_role("button", name="All 12").click()
    page.get_by_label("Find by reference or file").fill("05-covid")
    expect(rows).to_have_count(1)
    opener = rows.get_by_role("button")
    expect(opener).to_have_attribute("aria-expanded", "false")
    opener.click()

    card = page.locator(".card:visible")
    expect(card).to_have_count(1)
    expect(card.get_by_role("heading", name="5 · 05-covid.png")).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "true")
    page.get_by_label("Find by reference or file").fill("06")
    rows.locator("td").first.click()
    expect(card.locator("h3")).to_have_text(["6 · 06-normal.png"])
    card.get_by_role("button", name="Close the card").click()
    expect(card).to_have_count(0)
    expect(page.locator("#worklist .opener", has_text="06-normal.png")).to_be_focused()


def test_arrows_lead_from_line_to_line(visit: Visit, drop: Drop, mixed: dict[str, bytes]) -> None:
    page = visit()
    drop(page, mixed)
    done(page)
    openers = page.locator("#worklist .opener")
    expect(page.locator("#worklist .opener[tabindex='0']")).to_have_count(1)
    openers.first.focus()
    page.keyboard.press("ArrowDown")
    expect(openers.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(openers.last).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(openers.last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator(".card:visible h3")).to_be_focused()


def test_the_table_is_saved_as_csv(
    visit: Visit, service: httpx.Client, drop: Drop, mixed: dict[str, bytes]
) -> None:
    said = answers(service, mixed)
    page = visit()
    drop(page, {"=cmd.png": mixed["01-normal.png"], **mixed})
    expect(page.locator("#announcer")).to_contain_text("13 of 13")
    page.locator("#worklist .opener", has_text="05-covid.png").click()
    page.get_by_label("Reference (optional)").fill("A-17")
    page.get_by_label("Reference (optional)").blur()
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Table (CSV)").click()

    raw = downloaded.value.path().read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    # A name must not become a formula.
    assert lines[0]["file"] == "'=cmd.png"
    for line, (name, answer) in zip(lines[1:], said.items(), strict=True):
        assert line["file"] == name
        assert line["reference"] == ("A-17" if name == "05-covid.png" else "")
        assert line["headline"] == answer["headline"]
        assert line["conclusive"] == str(answer["conclusive"]).lower()
        assert line["candidates"] == " ".join(label["code"] for label in answer["candidates"])
        assert line["statement"] == answer["statement"]
        for label, share in (answer["probabilities"] or {}).items():
            assert float(line[f"probability_{label}"]) == share
            assert float(line[f"cut_off_{label}"]) == answer["cut_offs"][label]


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_all_reports_are_saved_as_one(visit: Visit, examples: Path, locale: str) -> None:
    page = visit(locale=locale)
    page.set_input_files("#choose", [examples / "normal.png", examples / "covid_19.png"])
    expect(page.locator(".verdict")).to_have_count(2)
    page.get_by_label(re.compile("^(Reference|Referencia)")).first.fill("A-17/3")
    page.get_by_label(re.compile("^(Reference|Referencia)")).first.blur()
    with page.expect_download() as downloaded:
        page.get_by_role("button", name=re.compile("ZIP")).click()

    with zipfile.ZipFile(downloaded.value.path()) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["1-A-17_3-normal.png.pdf", "2-covid_19.png.pdf"]
        for name in archive.namelist():
            report = pypdf.PdfReader(io.BytesIO(archive.read(name)))
            assert report.pages[0].extract_text()


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_all_reports_are_saved_in_one_document(visit: Visit, examples: Path, locale: str) -> None:
    page = visit(locale=locale)
    page.set_input_files("#choose", [examples / "normal.png", examples / "covid_19.png"])
    expect(page.locator(".verdict")).to_have_count(2)
    field = page.get_by_label(re.compile("^(Reference|Referencia)")).first
    field.fill("A-17")
    field.blur()
    page.get_by_role("button", name=re.compile("^(Why|¿Por qué)")).last.click()
    expect(page.locator(".why")).to_be_visible()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    button = page.get_by_role("button", name=re.compile(r"(reports|informes) \(PDF\)"))
    with page.expect_download() as downloaded:
        button.click()

    assert downloaded.value.suggested_filename == "reports.pdf"
    whole = pypdf.PdfReader(io.BytesIO(downloaded.value.path().read_bytes()), strict=True)
    reports = [answer for answer in answers if "/report" in answer.url]
    alone = [pypdf.PdfReader(io.BytesIO(report.body())) for report in reports]
    assert len(alone) == 2
    sheets = [sheet for report in alone for sheet in report.pages]
    assert len(whole.pages) == len(sheets)
    for sheet, single in zip(whole.pages, sheets, strict=True):
        assert sheet.extract_text() == single.extract_text()
        assert [image.data for image in sheet.images] == [image.data for image in single.images]
        assert sheet.mediabox == single.mediabox
    assert "A-17" in whole.pages[0].extract_text()
    assert whole.metadata == alone[0].metadata
    assert str(whole.root_object["/Lang"]) == locale[:2]
    expect(button).to_have_attribute("aria-busy", "false")
    expect(page.locator("#announcer")).to_have_text(
        {"en-GB": "The reports are saved.", "es-ES": "Los informes están guardados."}[locale]
    )


def test_the_viewer_goes_through_the_table(
    visit: Visit, drop: Drop, mixed: dict[str, bytes]
) -> None:
    page = visit()
    drop(page, mixed)
    done(page)
    names = page.locator("#worklist .opener").all_text_contents()
    page.locator("#worklist .opener").first.click()
    page.get_by_role("button", name=f"Enlarge {names[0]}").click()
    title = page.locator("#viewer-title")
    expect(title).to_have_text(names[0])
    page.keyboard.press("n")
    expect(title).to_have_text(names[1])
    expect(page.locator(".stage")).to_be_focused()
    page.get_by_role("button", name="Next").click()
    expect(title).to_have_text(names[2])
    page.keyboard.press("p")
    page.keyboard.press("p")
    page.keyboard.press("p")
    expect(title).to_have_text(names[0])


def test_many_are_all_listed_and_offered_in_their_order(visit: Visit, drop: Drop) -> None:
    page = visit()
    # Without an answer, none changes its place.
    page.route(re.compile("/predict"), lambda route: None)
    names = [f"{place}.png" for place in range(45)]
    drop(page, dict.fromkeys(names, b"\x89PNG"))

    listed = [f"{number} · {name}" for number, name in enumerate(names, 1)]
    expect(page.locator("#worklist .opener")).to_have_text(listed)
    fields = page.locator("#compare select")
    expect(fields.last.locator("option")).to_have_text(listed)
    expect(fields.locator("option:checked")).to_have_text(listed[:2])

    fields.first.select_option(label=listed[40])
    page.get_by_role("button", name="Remove all").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#worklist .opener")).to_have_text(listed)
    expect(fields.first.locator("option")).to_have_text(listed)
