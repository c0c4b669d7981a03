"""What the operator of the service settles for the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect
from pydantic import ValidationError

from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from tests.web.conftest import Visit

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10" width="20" height="10">
<rect width="20" height="10" fill="navy"/></svg>"""


@pytest.fixture
def address(serve: Serve, tmp_path: Path) -> Iterator[str]:
    """Where a service is whose operator has settled all that can be for the page."""
    (tmp_path / "logo.svg").write_text(LOGO, encoding="utf-8")
    settings = Settings(
        page_line="North Clinic",
        page_logo=tmp_path / "logo.svg",
        page_models="multi-source-fast nothing-such",
        page_operating_point="screening",
    )
    with serve(settings) as client:
        yield f"{client.base_url}/"


def test_the_page_is_the_operators(visit: Visit, examples: Path) -> None:
    page = visit()

    expect(page.locator("#hospital")).to_have_text("North Clinic")
    logo = page.locator("#hospital img")
    expect(logo).to_be_visible()
    assert logo.evaluate("image => image.decode().then(() => image.naturalWidth)") == 20
    assert page.locator("#model option").all_text_contents() == ["multi-source-fast"]
    expect(page.get_by_role("radio", name="Screening")).to_be_checked()
    with page.expect_request("**/predict?**") as asked:
        page.set_input_files("#choose", examples / "normal.png")
    assert "model=multi-source-fast" in asked.value.url
    expect(page.locator(".answer .hint").first).to_contain_text("“Screening”")


def test_without_a_logo_there_is_none(service: httpx.Client) -> None:
    assert service.get("/page-logo").status_code == 404
    assert service.get("/page-settings").json() == {
        "max_body_bytes": Settings().max_body_bytes,
        "line": "",
        "logo": False,
        "models": [],
        "operating_point": None,
        "studies": False,
    }


def test_a_logo_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="page_logo"):
        Settings(page_logo=tmp_path / "none.png")
