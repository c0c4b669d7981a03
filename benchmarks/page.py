"""How fast the page is: `python -m benchmarks.page` writes docs/performance/page.json.

A radiograph of about 2 MB is dropped onto the page in a real browser on this machine; what is timed
ends with the frame after the one in which its answer is drawn. Then 200 of them are dropped at
once; the page's frames are counted from the drop until all are answered, and the requests in flight
at any time.
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
MANY = 200
FRAME_MS = 1000 / 60
WRITTEN = ROOT / "docs" / "performance" / "page.json"

MAKE_FILE = """text => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    window.radiograph = new File([bytes], "radiograph.jpg", { type: "image/jpeg" });
}"""

DROP = """() => new Promise((resolve) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(window.radiograph);
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

DROP_MANY = """count => new Promise((resolve) => {
    const dataTransfer = new DataTransfer();
    for (let place = 0; place < count; place += 1) {
        const name = `${place}.jpg`;
        dataTransfer.items.add(new File([window.radiograph], name, { type: "image/jpeg" }));
    }
    let [inFlight, most, first, last] = [0, 0, null, performance.now()];
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (...body) {
        inFlight += 1;
        most = Math.max(most, inFlight);
        // Before the page hears of it, and sends the next.
        this.addEventListener("readystatechange", () => (inFlight -= this.readyState === 4));
        send.apply(this, body);
    };
    const gaps = [];
    const begun = performance.now();
    const frame = () => {
        const now = performance.now();
        gaps.push(now - last);
        last = now;
        const answered = document.querySelectorAll("#worklist .shares:not(:empty)").length - 1;
        if (answered > 0) first ??= now - begun;
        if (answered < count) return requestAnimationFrame(frame);
        XMLHttpRequest.prototype.send = send;
        resolve({ gaps, most, first, all: now - begun });
    };
    document.querySelector("main").dispatchEvent(
        new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    requestAnimationFrame(frame);
})"""

WEIGH = """() => performance.getEntriesByType("navigation")
    .concat(performance.getEntriesByType("resource"))
    .map(({ name, decodedBodySize }) => [new URL(name).pathname, decodedBodySize])"""


def radiograph() -> bytes:
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
    """Drop it again and again; return the milliseconds until each answer was seen."""
    page.evaluate(MAKE_FILE, base64.b64encode(data).decode())
    taken = []
    for _ in range(TIMES):
        taken.append(float(page.evaluate(DROP)))
        page.locator(".plate img:visible").wait_for()
        page.locator("#clear").click()
    return taken


def many_dropped(page: Page) -> dict[str, float]:
    """Drop many at once; return the figures of it."""
    found = page.evaluate(DROP_MANY, MANY)
    gaps = sorted(found["gaps"])
    return {
        "many": MANY,
        "many_first_answer_ms": round(found["first"], 1),
        "many_all_answers_ms": round(found["all"], 1),
        "many_requests_in_flight_max": found["most"],
        "many_frames": len(gaps),
        "many_frame_gap_ms_median": round(statistics.median(gaps), 1),
        "many_frame_gap_ms_max": round(gaps[-1], 1),
        "many_frames_late": sum(gap > 2 * FRAME_MS for gap in gaps),
    }


def summed(taken: Sequence[float], sizes: dict[str, int], data: bytes) -> dict[str, float]:
    """Return the figures that are written."""
    return {
        "drops": len(taken),
        "image_bytes": len(data),
        "answer_ms_median": round(statistics.median(taken), 1),
        "answer_ms_max": round(max(taken), 1),
        "page_bytes": sum(sizes.values()),
        "page_bytes_without_models": sum(sizes.values()) - sizes["/models"],
        "page_files": len(sizes),
    }


def main() -> None:
    """Measure, write, and say it in a line."""
    data = radiograph()
    with ours() as service, chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{service.port}/")
        page.locator("#options").wait_for()
        sizes = dict(page.evaluate(WEIGH))
        found = summed(drops(page, data), sizes, data) | many_dropped(page)
    WRITTEN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    Console().print(
        f"{found['image_bytes'] / 1e6:.1f} MB radiograph, drop to answer: median"
        f" {found['answer_ms_median']} ms, at most {found['answer_ms_max']} ms of {TIMES};"
        f" page {found['page_bytes'] / 1e3:.0f} kB in {found['page_files']} files;"
        f" of {MANY} at once the first answer after {found['many_first_answer_ms']} ms, all after"
        f" {found['many_all_answers_ms'] / 1000:.0f} s, longest time between two frames"
        f" {found['many_frame_gap_ms_max']} ms, at most {found['many_requests_in_flight_max']}"
        " requests in flight."
    )


if __name__ == "__main__":
    main()
