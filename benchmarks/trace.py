"""What Chromium's trace says of a page: what kept its main thread busy, and its frames.

Events are those of the Trace Event Format: `ts` and `dur` in microseconds, `tdur` the thread's own
CPU time, `ph` X for an event with a duration.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

CATEGORIES = (
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
    "v8",
)
"""What is traced: those of Chromium's own performance panel."""

Event = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A task of the main thread: while it runs, nothing else of the page does."""

    ms: float
    """How long it took."""

    cpu_ms: float
    """How long it computed, the rest of which others had the core."""

    parts: Sequence[tuple[str, float]]
    """What it did, the longest first: a function that was called, or a step of drawing; and for how
    many milliseconds, without what was done within it."""


@dataclass
class Trace:
    """What was found; filled when the tracing ends."""

    tasks: list[Task] = field(default_factory=list)
    """Tasks of the page's main thread, the longest first."""

    drawn: int = 0
    """Frames that were drawn."""

    dropped: int = 0
    """Frames that were not, though something was to be drawn."""


@contextmanager
def traced(browser: Browser, page: Page) -> Iterator[Trace]:
    """Trace a page until the block ends."""
    trace = Trace()
    browser.start_tracing(page=page, categories=list(CATEGORIES))
    try:
        yield trace
    finally:
        events = json.loads(browser.stop_tracing())["traceEvents"]
    process = _renderer(events, page.url)
    events = [event for event in events if event["pid"] == process]
    trace.tasks = sorted(_tasks(events), key=lambda task: task.ms, reverse=True)
    names = Counter(event["name"] for event in events)
    trace.drawn, trace.dropped = names["DrawFrame"], names["DroppedFrame"]


def _renderer(events: Sequence[Event], url: str) -> int:
    """Return the process whose functions are the page's."""
    calls = Counter(
        event["pid"]
        for event in events
        if event["name"] == "FunctionCall" and event["args"]["data"].get("url", "").startswith(url)
    )
    ((process, _),) = calls.most_common(1)
    return int(process)


def _tasks(events: Sequence[Event]) -> Iterator[Task]:
    (main,) = {
        event["tid"]
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    lasting = [event for event in events if event["tid"] == main and event["ph"] == "X"]
    lasting.sort(key=lambda event: (event["ts"], -event.get("dur", 0)))
    begun: list[Event] = []
    for event in lasting:
        if event["name"] == "RunTask":
            if begun:
                yield _task(begun)
            begun = [event]
        elif begun and event["ts"] < _end(begun[0]):
            begun.append(event)
    if begun:
        yield _task(begun)


def _task(events: Sequence[Event]) -> Task:
    """Return a task from its event and those in it, in the order of their beginnings."""
    within: Counter[str] = Counter()
    open_events: list[Event] = []
    for event in events:
        while open_events and _end(open_events[-1]) <= event["ts"]:
            open_events.pop()
        if open_events:
            within[_name(open_events[-1])] -= event.get("dur", 0)
        within[_name(event)] += event.get("dur", 0)
        open_events.append(event)
    parts = [(name, round(spent / 1e3, 1)) for name, spent in within.most_common()]
    return Task(events[0].get("dur", 0) / 1e3, events[0].get("tdur", 0) / 1e3, parts)


def _end(event: Event) -> float:
    return float(event["ts"] + event.get("dur", 0))


def _name(event: Event) -> str:
    if event["name"] != "FunctionCall":
        return str(event["name"])
    data = event["args"]["data"]
    file = data.get("url", "").rsplit("/", 1)[-1]
    return f"{data.get('functionName') or 'anonymous'} ({file}:{data.get('lineNumber')})"
