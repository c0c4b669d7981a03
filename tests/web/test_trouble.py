"""What the page says, and does, when there is no answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Serve
    from tests.web.conftest import Drop, Visit

FILM = re.compile(r"/(predict|explain|report)\?")


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
    page.route(FILM, answer)


def test_a_busy_service_is_asked_again_after_a_countdown(visit: Visit, examples: Path) -> None:
    page = visit()
    overloaded(page, times=2, seconds=3)
    page.set_input_files("#choose", examples / "normal.png")

    for left in ("3 s", "2 s", "1 s", "3 s", "2 s", "1 s"):
        expect(page.locator(".seconds")).to_have_text(left)
        expect(page.get_by_role("alert")).to_contain_text("The service is busy with other films.")
        page.clock.run_for(1000)
    expect(page.locator(".verdict")).to_have_text("Normal")


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

    expect(page.locator(".heatmap")).to_be_visible()


def test_without_a_connection_the_film_waits_for_it(visit: Visit, examples: Path) -> None:
    page = visit()
    page.context.set_offline(True)
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer.")
    expect(page.locator(".refusal")).to_contain_text("As soon as the connection is back")
    page.context.set_offline(False)

    expect(page.locator(".verdict")).to_have_text("Normal")


def test_a_film_that_was_not_answered_is_sent_again_by_hand(visit: Visit, examples: Path) -> None:
    page = visit()
    page.route(FILM, lambda route: route.abort())
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer.")
    page.unroute(FILM)
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".verdict")).to_have_text("Normal")


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
def test_a_file_that_is_no_film_is_explained(
    visit: Visit, drop: Drop, data: bytes, locale: str, words: str
) -> None:
    page = visit(locale=locale)
    drop(page, {"file.png": data})

    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.locator(".undrawable")).to_be_visible()
    expect(page.locator(".refusal")).to_contain_text(re.compile("Request|Solicitud"))


def test_what_is_too_large_is_decided_by_the_service(
    serve: Serve, visit: Visit, examples: Path
) -> None:
    with serve(Settings(max_body_bytes=1000)) as small:
        answered: httpx.Response = small.post("/predict", content=bytes(1001))
    page = visit()
    page.route(
        FILM,
        lambda route: route.fulfill(
            status=answered.status_code, body=answered.content, content_type="application/json"
        ),
    )
    page.set_input_files("#choose", examples / "normal.png")

    expect(page.get_by_role("alert")).to_contain_text("The file is too large.")
    expect(page.locator(".refusal")).to_contain_text("at most 1,000 are accepted")


def test_words_that_no_service_of_ours_says_are_a_problem_too(visit: Visit, examples: Path) -> None:
    page = visit()
    page.route(FILM, lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page.set_input_files("#choose", examples / "normal.png")

    expect(page.get_by_role("alert")).to_contain_text("The service could not answer (502).")


def test_the_description_of_the_api_opens(visit: Visit) -> None:
    page = visit()
    page.goto(page.url + "docs")

    expect(page.locator(".opblock-summary-path", has_text="/predict")).to_be_visible()
