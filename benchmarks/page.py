"""How fast the page is: `python -m benchmarks.page` writes docs/performance/page.json.

A film of about 2 MB is dropped onto the page in a real browser on this machine; what is timed ends
with the frame after the one in which its answer is drawn.
"""

from __future__ import annotations

import base64
import io
import json
import statistics
from collections.abc import Sequence

import numpy as np
from PIL import Image
from playwright.sync_api import Page
from rich.console import Console

from benchmarks.browser import chromium
from benchmarks.images import EXAMPLES
from benchmarks.processes import ROOT
from benchmarks.run import ours

SIDE = 2048
LEAST_BYTES = 2_000_000
TIMES = 20
WRITTEN = ROOT / "docs" / "performance" / "page.json"

MAKE_FILE = """text => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    window.film = new File([bytes], "film.jpg", { type: "image/jpeg" });
}"""

DROP = """() => new Promise((resolve) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(window.film);
    const watch = new MutationObserver(() => {
        if (!document.querySelector(".verdict")) return;
        watch.disconnect();
        requestAnimationFrame(() => requestAnimationFrame((drawn) => resolve(drawn - begun)));
    });
    watch.observe(document.querySelector("#list"), { childList: true, subtree: true });
    const begun = performance.now();
    document.querySelector("main").dispatchEvent(
        new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
})"""

WEIGH = """() => performance.getEntriesByType("navigation")
    .concat(performance.getEntriesByType("resource"))
    .map(({ name, decodedBodySize }) => [new URL(name).pathname, decodedBodySize])"""


def film() -> bytes:
    """Return a composite enlarged, with as much noise as makes it a JPEG of about 2 MB."""
    with Image.open(EXAMPLES / "covid_19.png") as composite:
        smooth = np.asarray(composite.convert("L").resize((SIDE, SIDE)), dtype=np.float64)
    noise = np.random.default_rng(0).normal(size=smooth.shape)
    for strength in range(1, 100):
        stream = io.BytesIO()
        grainy = (smooth + strength * noise).clip(0, 255).astype(np.uint8)
        Image.fromarray(grainy).save(stream, "JPEG", quality=90)
        if stream.tell() >= LEAST_BYTES:
            break
    return stream.getvalue()


def drops(page: Page, data: bytes) -> list[float]:
    """Drop the film again and again; return the milliseconds until each answer was seen."""
    page.evaluate(MAKE_FILE, base64.b64encode(data).decode())
    taken = []
    for _ in range(TIMES):
        taken.append(float(page.evaluate(DROP)))
        page.locator(".plate img:visible").wait_for()
        page.locator("#clear").click()
    return taken


def summed(taken: Sequence[float], sizes: dict[str, int], data: bytes) -> dict[str, float]:
    """Return the figures that are written."""
    return {
        "drops": len(taken),
        "film_bytes": len(data),
        "answer_ms_median": round(statistics.median(taken), 1),
        "answer_ms_max": round(max(taken), 1),
        "page_bytes": sum(sizes.values()),
        "page_bytes_without_models": sum(sizes.values()) - sizes["/models"],
        "page_files": len(sizes),
    }


def main() -> None:
    """Measure, write, and say it in a line."""
    data = film()
    with ours() as service, chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{service.port}/")
        page.locator("#options").wait_for()
        sizes = dict(page.evaluate(WEIGH))
        found = summed(drops(page, data), sizes, data)
    WRITTEN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    Console().print(
        f"{found['film_bytes'] / 1e6:.1f} MB film, drop to answer: median"
        f" {found['answer_ms_median']} ms, at most {found['answer_ms_max']} ms of {TIMES};"
        f" page {found['page_bytes'] / 1e3:.0f} kB in {found['page_files']} files."
    )


if __name__ == "__main__":
    main()
