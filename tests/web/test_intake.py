"""Images come in, alone, in folders and in archives, and each goes its way."""

from __future__ import annotations

import base64
import io
import re
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Transfer, Visit

NEITHER = "No sign of COVID-19 or viral pneumonia"
NAMES = ["normal", "covid_19", "viral_pneumonia"]


def chosen(page: Page, *images: Path) -> None:
    page.set_input_files("#choose", images)


def test_several_images_are_chosen_and_answered_in_their_order(
    visit: Visit, service: httpx.Client, examples: Path
) -> None:
    images = [examples / f"{name}.png" for name in NAMES]
    said = [service.post("/predict", content=image.read_bytes()).json() for image in images]
    page = visit()
    chosen(page, *images)

    expect(page.locator(".verdict")).to_have_text([answer["headline"] for answer in said])
    expect(page.locator(".card h3")).to_have_text(
        [f"{place} · {name}.png" for place, name in enumerate(NAMES, 1)]
    )
    expect(page.locator(".plate img:visible")).to_have_count(3)
    expect(page.locator("#announcer")).to_contain_text("3 of 3: ")


def test_each_step_of_an_image_is_shown(visit: Visit, examples: Path) -> None:
    page = visit()
    page.evaluate(
        """() => {
            window.states = [];
            const note = () => {
                const { state } = document.querySelector(".card").dataset;
                if (window.states.at(-1) !== state) window.states.push(state);
            };
            new MutationObserver(note).observe(document.querySelector("#list"), {
                subtree: true, childList: true, attributeFilter: ["data-state"],
            });
        }"""
    )
    chosen(page, examples / "normal.png")
    expect(page.locator(".verdict")).to_be_visible()

    assert page.evaluate("window.states") == ["waiting", "sending", "reading", "answered"]


def test_an_image_is_dropped_anywhere(visit: Visit, transfer: Transfer, film: bytes) -> None:
    page = visit()
    files = transfer(page, {"dropped.png": film})
    page.dispatch_event("footer", "dragover", {"dataTransfer": files})
    expect(page.locator("#intake")).to_have_class("panel over")
    page.dispatch_event("footer", "drop", {"dataTransfer": files})

    expect(page.locator(".verdict")).to_have_text(NEITHER)
    expect(page.locator("#intake")).to_have_class("panel")


def test_an_image_is_pasted(visit: Visit, transfer: Transfer, film: bytes) -> None:
    page = visit()
    page.evaluate(
        """clipboardData => document.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData, bubbles: true }))""",
        transfer(page, {"pasted.png": film}),
    )

    expect(page.locator(".verdict")).to_have_text(NEITHER)


def test_an_image_is_photographed_where_there_is_touch(visit: Visit, examples: Path) -> None:
    assert not visit().get_by_label("Photograph a radiograph").is_visible()
    phone = visit(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})
    camera = phone.get_by_label("Photograph a radiograph")

    expect(camera).to_have_attribute("capture", "environment")
    expect(phone.locator(".touch")).to_be_visible()
    camera.set_input_files(examples / "normal.png")
    expect(phone.locator(".verdict")).to_have_text(NEITHER)


def test_what_is_no_chest_radiograph_is_refused_with_the_reason(
    visit: Visit, examples: Path
) -> None:
    page = visit(locale="es-ES")
    chosen(page, examples / "not_a_radiograph.png")

    refusal = page.get_by_role("alert")
    expect(refusal.get_by_role("heading")).to_have_text("La imagen no es una radiografía de Tórax")
    expect(refusal).to_contain_text("Parecido con una radiografía de tórax")
    expect(page.locator(".notes")).to_contain_text("La imagen está en color")
    expect(page.locator(".bars")).to_have_count(0)
    expect(page.get_by_role("button", name="¿Por qué?")).to_have_count(0)


def test_what_was_corrected_is_said(visit: Visit, drop: Drop, upside_down: bytes) -> None:
    page = visit()
    drop(page, {"turned.png": upside_down})

    expect(page.locator(".notes")).to_contain_text("Corrected: The radiograph is upside down.")


def test_the_service_draws_what_the_browser_cannot(
    visit: Visit, drop: Drop, dicom: bytes, tiff: bytes
) -> None:
    page = visit()
    drop(page, {"film.dcm": dicom, "film.tif": tiff})

    expect(page.locator(".verdict")).to_have_text([NEITHER, NEITHER])
    pictures = page.locator(".plate img:visible")
    expect(pictures).to_have_count(2)
    assert pictures.evaluate_all("images => images.map((image) => image.naturalWidth)") == [512] * 2


def test_at_most_two_images_are_sent_at_once_and_one_can_be_cancelled(
    visit: Visit, examples: Path
) -> None:
    page = visit()
    held: list[Route] = []
    page.route(re.compile("/predict"), lambda route: held.append(route))
    with page.expect_request(re.compile("/predict")):
        chosen(page, *[examples / "normal.png"] * 4)
    outcomes = page.locator("#worklist .outcome")
    cards = page.locator(".card")

    expect(outcomes).to_have_text(["Sending …", "Sending …", "Waiting", "Waiting"])
    assert len(held) == 2
    page.locator("#worklist .opener", has_text="3 ·").click()
    cards.get_by_role("button", name="Cancel").click()
    expect(cards).to_have_attribute("data-state", "cancelled")
    held[0].continue_()
    expect(outcomes.get_by_text(NEITHER)).to_have_count(1)
    expect(outcomes.get_by_text("Sending …")).to_have_count(2)
    assert len(held) == 3
    for route in held[1:]:
        route.continue_()
    expect(page.locator("#worklist .outcome", has_text=NEITHER)).to_have_count(3)

    with page.expect_request(re.compile("/predict")):
        cards.get_by_role("button", name="Ask again").click()
    held[-1].continue_()
    expect(cards).to_have_attribute("data-state", "answered")


def test_the_name_of_a_file_does_not_leave_the_computer(visit: Visit, examples: Path) -> None:
    page = visit()
    with page.expect_request(re.compile("/predict")) as sent:
        chosen(page, examples / "normal.png")
    expect(page.locator(".verdict")).to_be_visible()

    request = sent.value
    assert "normal.png" not in request.url + str(request.all_headers())
    # Not as a form, which would carry it.
    assert request.header_value("content-type") == "application/octet-stream"


def test_an_image_that_is_removed_leaves_nothing(visit: Visit, examples: Path) -> None:
    page = visit()
    chosen(page, examples / "normal.png", examples / "covid_19.png")
    expect(page.locator(".verdict")).to_have_count(2)
    picture = page.locator(".plate img").first
    url = picture.get_attribute("src")

    page.get_by_role("button", name="Remove: 1 · normal.png").click()
    expect(page.locator(".card h3")).to_have_text(["2 · covid_19.png"])
    expect(page.get_by_role("button", name="Enlarge 2 · covid_19.png")).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("1 · normal.png removed.")
    # It can be brought back, until something else is done.
    page.get_by_role("button", name="Remove: 2 · covid_19.png").click()
    drawn = """url => new Promise((resolve) => {
        const image = Object.assign(new Image(), { src: url });
        image.onload = () => resolve(true);
        image.onerror = () => resolve(false);
    })"""
    assert page.evaluate(drawn, url) is False
    assert page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]") == []

    expect(page.get_by_text("No radiograph yet")).to_be_visible()


def test_a_folder_is_chosen(visit: Visit, examples: Path, tmp_path: Path) -> None:
    inner = tmp_path / "patient" / "study"
    inner.mkdir(parents=True)
    for name in NAMES:
        (inner / f"{name}.png").write_bytes((examples / f"{name}.png").read_bytes())
    (tmp_path / "patient" / "README.txt").write_text("Nothing to see.")
    (tmp_path / "patient" / ".DS_Store").write_bytes(b"\0")
    page = visit()
    page.set_input_files("#folder", tmp_path / "patient")

    expect(page.locator("#worklist tbody tr")).to_have_count(3)
    expect(page.locator("#intake-report")).to_have_text("2 files that are no images were left out.")


def test_a_folder_is_dropped(visit: Visit, film: bytes) -> None:
    page = visit(locale="es-ES")
    page.evaluate(
        """text => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const file = (name, data) => ({ name, isFile: true,
                file: (found) => found(new File([data], name)) });
            const folder = (name, entries) => ({ name, isDirectory: true, createReader() {
                const lists = [entries.slice(0, 2), entries.slice(2), []];
                return { readEntries: (found) => found(lists.shift()) };
            } });
            const study = folder("study", ["c.png", "b.png", "a.png"].map((n) => file(n, bytes)));
            const patient = folder("patient", [study, file("note.txt", "text")]);
            const event = new Event("drop", { bubbles: true, cancelable: true });
            event.dataTransfer = { files: [], items: [{ webkitGetAsEntry: () => patient }] };
            document.querySelector("main").dispatchEvent(event);
        }""",
        base64.b64encode(film).decode(),
    )

    expect(page.locator("#worklist .opener")).to_have_text(["1 · a.png", "2 · b.png", "3 · c.png"])
    expect(page.locator("#intake-report")).to_have_text("Se omitió 1 archivo que no es una imagen.")


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as written:
        for name, data in files.items():
            written.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_an_archive_is_dropped(visit: Visit, drop: Drop, examples: Path, method: int) -> None:
    files = {f"study/{name}.png": (examples / f"{name}.png").read_bytes() for name in NAMES}
    page = visit()
    drop(page, {"study.zip": archive({"study/": b"", **files, "note.txt": b"text"}, method)})

    expect(page.locator("#worklist .opener")).to_have_count(3)
    expect(page.locator("#announcer")).to_contain_text("3 of 3: ")
    expect(page.locator("#intake-report")).to_have_text("1 file that is no image was left out.")


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_an_archive_that_cannot_be_read_is_explained(
    visit: Visit, drop: Drop, film: bytes, locale: str
) -> None:
    page = visit(locale=locale)
    whole = archive({"a.png": film})
    drop(page, {"broken.zip": whole[:-40]})

    words = {"en-GB": "broken.zip could not be unpacked", "es-ES": "broken.zip no se pudo"}[locale]
    expect(page.locator("#intake-report")).to_contain_text(words)


def test_an_archive_may_not_hold_more_than_it_states(visit: Visit, drop: Drop, film: bytes) -> None:
    bomb = bytearray(archive({"a.png": film + bytes(10_000_000)}))
    at = bomb.index(b"PK\x01\x02") + 24
    bomb[at : at + 4] = struct.pack("<I", 1000)
    page = visit()
    drop(page, {"bomb.zip": bytes(bomb)})

    expect(page.locator("#intake-report")).to_contain_text("holds too much to be unpacked here")
    expect(page.locator("#worklist")).to_be_hidden()


def test_two_hundred_images_wait_in_a_table(visit: Visit, examples: Path) -> None:
    page = visit()
    held: list[Route] = []
    page.route(re.compile("/predict"), lambda route: held.append(route))
    chosen(page, *[examples / "normal.png"] * 200)

    expect(page.locator("#worklist tbody tr")).to_have_count(200)
    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator("#worklist .outcome", has_text="Sending")).to_have_count(2)
    assert len(held) == 2
