"""A browser in front of the real service; whatever it complains of fails the test."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from benchmarks.browser import chromium
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, JSHandle, Page, Request, expect
from tests import dicom_files

PATIENCE_MS = 15_000

Visit = Callable[..., Page]
Transfer = Callable[[Page, dict[str, bytes]], JSHandle]
Drop = Callable[[Page, dict[str, bytes]], None]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def address(service: httpx.Client) -> str:
    """Where the service is, with a slash at the end."""
    return f"{service.base_url}/"


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Open the page in a browser of its own, in English unless told otherwise.

    At the end, no page may have had an error, nor have asked another host.
    """
    complaints: list[str] = []
    contexts = []

    def note(message: ConsoleMessage) -> None:
        # A problem is an answer; the browser's line about its status is no fault of the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def check_host(request: Request) -> None:
        if not request.url.startswith((address, f"blob:{address}")):
            complaints.append(f"It asked {urlsplit(request.url).hostname}.")

    def opened(**options: Any) -> Page:
        context = browser.new_context(**{"locale": "en-GB", **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", check_host)
        page.goto(address)
        page.locator("#options").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def answered(visit: Visit, examples: Path) -> Page:
    """The page with one answered film."""
    page = visit()
    page.set_input_files("#choose", examples / "covid_19.png")
    expect(page.locator(".verdict")).to_be_visible()
    return page


@pytest.fixture
def transfer() -> Transfer:
    """Make what a drop or a paste carries: files by name."""

    def made(page: Page, files: dict[str, bytes]) -> JSHandle:
        encoded = {name: base64.b64encode(data).decode() for name, data in files.items()}
        return page.evaluate_handle(
            """files => {
                const transfer = new DataTransfer();
                for (const [name, text] of Object.entries(files)) {
                    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
                    transfer.items.add(new File([bytes], name, { type: "image/png" }));
                }
                return transfer;
            }""",
            encoded,
        )

    return made


@pytest.fixture
def drop(transfer: Transfer) -> Drop:
    """Drop files onto the page."""

    def dropped(page: Page, files: dict[str, bytes]) -> None:
        page.dispatch_event("main", "drop", {"dataTransfer": transfer(page, files)})

    return dropped


@pytest.fixture(scope="session")
def upside_down(examples: Path) -> bytes:
    """A film that is corrected before it is read."""
    return encoded(Image.open(examples / "normal.png").rotate(180), "PNG")


@pytest.fixture(scope="session")
def dicom(film: bytes) -> bytes:
    """The composite of healthy films as a DICOM file with a display window."""
    pixels = np.asarray(Image.open(io.BytesIO(film)).convert("L")).astype(np.uint16) * 16
    return dicom_files.dicom(pixels, BitsStored=12, WindowCenter=2048, WindowWidth=4096)


@pytest.fixture(scope="session")
def tiff(film: bytes) -> bytes:
    """The composite of healthy films as TIFF."""
    return encoded(Image.open(io.BytesIO(film)).convert("L"), "TIFF")


def encoded(image: Image.Image, file_format: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format)
    return stream.getvalue()
