"""What the page says, and does, when there is no answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, Route, expect

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Visit

SENT = re.compile(r"/(predict|explain|report)\?")
READY = re.compile("/health/ready")


def overloaded(page: Page, times: int, seconds: int) -> None:
    """Refuse a film some times, then let the service answer; time passes as the test lets it."""
    refused = iter(range(times))

    def answer(route: Route) -> None:
        if next(refused, None) is None:
            route.continue_()
            return
        problem = {"type": "/problems/overloaded", "title": "Overloaded", "status": 503}
        headers = {"Retry-After": str(seconds)}
        route.fulfill(
            status=503, headers=headers, json=problem, content_type="application/problem+json"
        )

    page.clock.install()
    page.route(SENT, answer)


def test_a_busy_service_is_asked_again_after_a_countdown(visit: Visit, examples: Path) -> None:
    page = visit()
    overloaded(page, times=2, seconds=3)
    page.set_input_files("#choose", examples / "normal.png")

    for left in ("3 s", "2 s", "1 s", "3 s", "2 s", "1 s"):
        expect(page.locator(".seconds")).to_have_text(left)
        expect(page.get_by_role("alert")).to_contain_text(
            "The service is busy with other radiographs."
        )
        page.clock.run_for(1000)
    expect(page.locator(".verdict")).to_be_visible()


def test_waiting_for_a_busy_service_is_cancelled(visit: Visit, examples: Path) -> None:
    page = visit(locale="es-ES")
    overloaded(page, times=1, seconds=3)
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.get_by_role("alert")).to_contain_text("El servicio está ocupado")
    page.get_by_role("button", name="Cancelar").click()

    expect(page.locator(".card")).to_have_attribute("data-state", "cancelled")
    page.clock.run_for(10_000)
    expect(page.locator(".card")).to_have_attribute("data-state", "cancelled")


def test_why_waits_for_a_busy_service_too(visit: Visit, examples: Path) -> None:
    page = visit()
    page.set_input_files("#choose", examples / "covid_19.png")
    expect(page.locator(".verdict")).to_be_visible()
    overloaded(page, times=1, seconds=2)
    page.get_by_role("button", name="Why?").click()
    expect(page.locator(".seconds")).to_have_text("2 s")
    page.clock.run_for(2000)

    expect(page.locator(".why")).to_be_visible()


def test_without_a_connection_the_image_waits_for_it(visit: Visit, examples: Path) -> None:
    page = visit()
    page.context.set_offline(True)
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer.")
    expect(page.locator(".refusal")).to_contain_text("As soon as the service answers again")
    page.context.set_offline(False)

    expect(page.locator(".verdict")).to_be_visible()


def test_an_image_that_was_not_answered_is_sent_again_by_hand(visit: Visit, examples: Path) -> None:
    page = visit()
    page.route(SENT, lambda route: route.abort())
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer.")
    page.unroute(SENT)
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".verdict")).to_be_visible()


@pytest.mark.parametrize(
    ("data", "locale", "words"),
    [
        (b"nothing of an image", "en-GB", "The format is not known."),
        (b"nothing of an image", "es-ES", "El formato no se reconoce."),
        (b"\x89PNG\r\n\x1a\n broken", "en-GB", "The file is damaged or incomplete."),
        (b"", "en-GB", "The file is empty."),
        (b"", "es-ES", "El archivo está vacío."),
    ],
)
def test_a_file_that_is_no_image_is_explained(
    visit: Visit, drop: Drop, data: bytes, locale: str, words: str
) -> None:
    page = visit(locale=locale)
    drop(page, {"file.png": data})

    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.locator(".undrawable")).to_be_visible()
    expect(page.locator(".refusal")).to_contain_text(re.compile("Request|Solicitud"))


def pass_time(page: Page, answered: int) -> None:
    """Let the page's time pass until so many answers are there; its timers may be set meanwhile."""
    for _ in range(100):
        if page.locator(".verdict").count() == answered:
            return
        page.clock.run_for(1000)
    pytest.fail("It did not ask again.")


@pytest.mark.parametrize(
    ("locale", "lost"),
    [("en-GB", "The service does not answer."), ("es-ES", "El servicio no responde.")],
)
def test_when_the_service_is_back_everything_that_waits_is_sent(
    visit: Visit, examples: Path, locale: str, lost: str
) -> None:
    page = visit(locale=locale)
    page.clock.install()
    page.route(SENT, lambda route: route.abort())
    page.route(READY, lambda route: route.abort())
    names = ("normal", "covid_19", "viral_pneumonia")
    page.set_input_files("#choose", [examples / f"{name}.png" for name in names])
    # Two are being sent; the third waits for its turn.
    expect(page.get_by_role("alert")).to_have_count(2)
    expect(page.get_by_role("alert").first).to_contain_text(lost)

    for _ in range(3):
        with page.expect_request(READY):
            page.clock.run_for(35_000)
    page.unroute(SENT)
    page.unroute(READY)
    pass_time(page, answered=3)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_service_that_is_starting_gets_what_waits(visit: Visit, examples: Path) -> None:
    page = visit()
    page.clock.install()
    problem = {"type": "/problems/not-ready", "title": "Not ready", "status": 503}
    page.route(SENT, lambda route: route.fulfill(status=503, json=problem))
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.get_by_role("alert")).to_contain_text("The service is starting.")
    page.unroute(SENT)

    pass_time(page, answered=1)


def test_a_file_that_is_gone_is_not_taken_for_a_lost_connection(
    visit: Visit, tmp_path: Path, examples: Path
) -> None:
    image = tmp_path / "stick.png"
    image.write_bytes((examples / "normal.png").read_bytes())
    page = visit()
    held: list[Route] = []
    # Some may be sent only when the file is gone.
    page.route(SENT, lambda route: held.append(route) if image.exists() else route.continue_())
    page.set_input_files("#choose", [image, image, image])
    image.unlink()
    for route in held:
        route.continue_()

    expect(page.get_by_role("alert").last).to_contain_text("The file can no longer be read.")


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-GB", ["The file is too large.", "It has 33 MB; at most 32 MB are accepted."]),
        (
            "es-ES",
            ["El archivo es demasiado grande.", "Tiene 33 MB; se aceptan como máximo 32 MB."],
        ),
    ],
)
def test_what_is_too_large_is_not_uploaded(
    visit: Visit, tmp_path: Path, locale: str, words: list[str]
) -> None:
    large = tmp_path / "large.dcm"
    large.write_bytes(bytes(33 * 2**20))
    page = visit(locale=locale)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_input_files("#choose", large)

    for said in words:
        expect(page.locator(".refusal")).to_contain_text(said)
    assert [url for url in asked if "/predict" in url] == []


def test_what_is_no_image_is_not_uploaded(visit: Visit, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(4) + b"ftypisom" + bytes(2 * 2**20))
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_input_files("#choose", film)

    expect(page.get_by_role("alert")).to_contain_text("The format is not known.")
    assert [url for url in asked if "/predict" in url] == []


def test_words_that_no_service_of_ours_says_are_a_problem_too(visit: Visit, examples: Path) -> None:
    page = visit()
    page.route(SENT, lambda route: route.fulfill(status=418, body="<h1>A teapot</h1>"))
    page.set_input_files("#choose", examples / "normal.png")

    expect(page.get_by_role("alert")).to_contain_text("The service could not answer (418).")


def test_a_proxy_without_its_service_is_waited_for(visit: Visit, examples: Path) -> None:
    page = visit()
    page.clock.install()
    page.route(SENT, lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer.")
    page.unroute(SENT)

    pass_time(page, answered=1)


def test_the_description_of_the_api_opens(visit: Visit) -> None:
    page = visit()
    page.goto(page.url + "docs")

    expect(page.locator(".opblock-summary-path", has_text="/predict").first).to_be_visible()
