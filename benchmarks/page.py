"""How fast the page is: `python -m benchmarks.page` writes docs/performance/page.json.

A radiograph of about 2 MB is dropped onto the page in a real browser on this machine; what is timed
ends with the frame after the one in which its answer is drawn. Then 200 of them are dropped at
once, and it is measured when the first answer is seen, and how many requests are in flight. Once
more they are dropped, and Chromium's own trace says how long the tasks of the page's main thread
took, what they did, and which frames were dropped.
"""

from __future__ import annotations

import base64
import io
import json
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page
from rich.console import Console

from benchmarks.browser import chromium
from benchmarks.images import EXAMPLES
from benchmarks.processes import ROOT
from benchmarks.run import ours
from benchmarks.trace import Trace, traced

SIDE = 2048
LEAST_BYTES = 2_000_000
TIMES = 20
MANY = 200
FRAME_MS = 1000 / 60
LONG_MS = 50
"""From here on a task is long (W3C, Long Tasks API)."""

WORST = 5
"""Of so many tasks it is written what they did."""

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

MAKE_DROP = """(count) => {
    window.dropped = new DataTransfer();
    for (let place = 0; place < count; place += 1) {
        const name = `${place}.jpg`;
        window.dropped.items.add(new File([window.radiograph], name, { type: "image/jpeg" }));
    }
}"""

DROP_MANY = """async (count) => {
    let [inFlight, most, answers, first] = [0, 0, 0, null];
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (...body) {
        inFlight += 1;
        most = Math.max(most, inFlight);
        // Before the page hears of it, and sends the next.
        this.addEventListener("readystatechange", () => {
            if (this.readyState !== 4) return;
            inFlight -= 1;
            answers += 1;
        });
        send.apply(this, body);
    };
    const frame = () => new Promise(requestAnimationFrame);
    const shown = () => document.querySelectorAll("#worklist .shares:not(:empty)").length - 1;
    await frame();
    const begun = performance.now();
    document.querySelector("main").dispatchEvent(
        new DragEvent("drop", { dataTransfer: window.dropped, bubbles: true, cancelable: true }));
    // Each frame is asked for, so that each that is missed counts.
    while (answers < count || shown() < count) {
        await frame();
        if (first === null && answers && shown()) first = performance.now() - begun;
    }
    XMLHttpRequest.prototype.send = send;
    return { most, first, all: performance.now() - begun };
}"""

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


def make_many(page: Page, data: bytes) -> None:
    """Make what is dropped at once, which is no part of what is measured."""
    page.evaluate(MAKE_FILE, base64.b64encode(data).decode())
    page.evaluate(MAKE_DROP, MANY)


def many_dropped(page: Page) -> dict[str, Any]:
    """Drop many at once; return the figures of it."""
    found = page.evaluate(DROP_MANY, MANY)
    return {
        "many": MANY,
        "many_first_answer_ms": round(found["first"], 1),
        "many_all_answers_ms": round(found["all"], 1),
        "many_requests_in_flight_max": found["most"],
    }


def smooth(trace: Trace) -> dict[str, Any]:
    """Return what a trace says of how smoothly the page went."""
    tasks = trace.tasks
    return {
        "many_frames_drawn": trace.drawn,
        "many_frames_dropped": trace.dropped,
        "many_tasks": len(tasks),
        "many_tasks_over_a_frame": sum(task.ms > FRAME_MS for task in tasks),
        "many_tasks_over_a_frame_of_cpu": sum(task.cpu_ms > FRAME_MS for task in tasks),
        "many_tasks_over_50_ms": sum(task.ms > LONG_MS for task in tasks),
        "many_longest_tasks": [
            {"ms": task.ms, "cpu_ms": task.cpu_ms, "parts": dict(task.parts[:WORST])}
            for task in tasks[:WORST]
        ],
    }


def summed(taken: Sequence[float], sizes: dict[str, int], data: bytes) -> dict[str, Any]:
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


def opened(browser: Browser, port: int) -> Page:
    """Open the page."""
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    page.locator("#options").wait_for()
    return page


def main() -> None:
    """Measure, write, and say it in a line."""
    data = radiograph()
    with ours() as service, chromium() as browser:
        page = opened(browser, service.port)
        sizes = dict(page.evaluate(WEIGH))
        found = summed(drops(page, data), sizes, data)
        make_many(page, data)
        found |= many_dropped(page)
        page.close()
        page = opened(browser, service.port)
        make_many(page, data)
        with traced(browser, page) as trace:
            many_dropped(page)
        found |= smooth(trace)
    WRITTEN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    Console().print(
        f"{found['image_bytes'] / 1e6:.1f} MB radiograph, drop to answer: median"
        f" {found['answer_ms_median']} ms, at most {found['answer_ms_max']} ms of {TIMES};"
        f" page {found['page_bytes'] / 1e3:.0f} kB in {found['page_files']} files;"
        f" of {MANY} at once the first answer after {found['many_first_answer_ms']} ms, all after"
        f" {found['many_all_answers_ms'] / 1000:.0f} s, at most"
        f" {found['many_requests_in_flight_max']} requests in flight; traced, {trace.dropped}"
        f" frames dropped and {trace.drawn} drawn, {found['many_tasks_over_a_frame']} of"
        f" {len(trace.tasks)} tasks longer than a frame, the longest:"
    )
    for task in trace.tasks[:WORST]:
        parts = ", ".join(f"{name} {ms} ms" for name, ms in task.parts[:WORST])
        Console().print(f"{task.ms:.1f} ms ({task.cpu_ms:.1f} of CPU): {parts}")


if __name__ == "__main__":
    main()
