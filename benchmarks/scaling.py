"""The measured parts of docs/scaling.md: `python -m benchmarks.scaling` writes them anew.

Each is made of a file in docs/scaling/, whose command writes its part as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from benchmarks.sections import replaced

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
FOLDER = PAGE.parent / "scaling"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def bulk(found: Mapping[str, Any]) -> str:
    """Return what `benchmarks.bulk` found."""
    kills = found["kills"]
    small, large = found["memory"]
    rows = "".join(
        f"| {number} | {turn['limit']['films_per_second']:.1f}"
        f" | {turn['job']['films_per_second']:.1f}"
        f" | {_percent(turn['of_the_limit'])} | {turn['load_average']:.1f} |\n"
        for number, turn in enumerate(found["turns"], 1)
    )
    once = "one row" if kills["each_once"] else "not always one row"
    return (
        f"Over {found['films']:,} films on {found['cores']} cores; the target is 90 % of the limit."
        " Where the load average is far above the number of cores, other work ran beside it.\n\n"
        "| turn | in-process limit, films/s | the job, films/s | share | load average |\n"
        f"|---|---|---|---|---|\n{rows}\n"
        f"After {len(kills['rows_at_each_kill'])} kills on the way each of the {kills['films']:,}"
        f" films had {once}. All processes together held {small['largest_mb']:.0f} MB at most over"
        f" {small['films']:,} films, and {large['largest_mb']:.0f} MB over {large['films']:,}.\n"
    )


def nodes(found: Mapping[str, Any]) -> str:
    """Return what `benchmarks.ray_nodes` found."""
    same, load = found["answers"], found["throughput"]
    rates = "".join(
        f"| {number} | {each['films_per_second']:.1f} | {each['latency_ms']['p50']:.0f}"
        f" | {each['latency_ms']['p99']:.0f} | {each['cores_busy']:.2f} of {found['cores']} |\n"
        for number, each in load.items()
    )
    ratio = load["2"]["films_per_second"] / load["1"]["films_per_second"]
    killed = "".join(
        f"| {name} | {seen['at_once']:,} | {seen['by_retry']:,} | {seen['lost']:,}"
        f" | {seen['longest_pause_s']:.1f} s |\n"
        for name, seen in found["killed"].items()
    )
    return (
        f"{same['equal']} of {same['asked']} images, of every size and format measured here and of"
        " the examples, had the answer of the plain service, figure by figure.\n\n"
        "| replicas of each part | films/s | p50 ms | p99 ms | cores busy, clients included |\n"
        f"|---|---|---|---|---|\n{rates}\n"
        f"Two replicas serve {ratio:.2f} times what one does (target 1.7)."
        f" {_why(ratio, load['1']['cores_busy'], found['cores'])}\n\n"
        "Four clients ask one image after the other, and once more where they get no answer:\n\n"
        "| killed under load | answered at once | by the retry | lost | longest time without an"
        f" answer |\n|---|---|---|---|---|\n{killed}"
    )


def _why(ratio: float, busy: float, cores: int) -> str:
    if ratio >= 1.7:
        return "The target is met."
    return (
        f"It is missed: one replica of each part, with the proxy and the clients, keeps {busy:.2f}"
        f" of the {cores} cores busy already, so that a second one can add no more than"
        f" {cores / busy:.2f} times."
    )


def check(found: Mapping[str, Any]) -> str:
    """Return what `benchmarks.simulate check` found."""
    rows = "".join(
        f"| {each['processes']} | {_percent(each['share_of_the_most'])}"
        f" | {each['requests_per_second']:.0f} | {each['p99_ms']['measured']:.1f}"
        f" | {each['p99_ms']['simulated']:.1f} | {each['p99_off_by'] * 100:+.0f} %"
        f" | {_percent(each['refused']['measured'])} | {_percent(each['refused']['simulated'])} |\n"
        for each in found["rates"]
    )
    costs = "; ".join(
        f"of {number}, {each['service_ms']:.1f} ms and {each['besides_ms']:.1f} ms besides"
        for number, each in found["costs"].items()
    )
    off = [abs(each["p99_off_by"]) for each in found["rates"]]
    within = sum(each <= 0.2 for each in off)
    return (
        f"Time of a film while all processes work, by loads whose clients wait for their answers:"
        f" {costs}. The rates, at which requests leave by chance and wait for nobody:\n\n"
        "| processes | share of the most served | requests/s | p99 ms, measured | simulated"
        f" | off by | refused, measured | simulated |\n|---|---|---|---|---|---|---|---|\n{rows}\n"
        f"{within} of {len(off)} are within 20 %, the target; the furthest is off by"
        f" {_percent(max(off))}.\n"
    )


def costs(found: Mapping[str, Any]) -> str:
    """Return what a million films cost, as `benchmarks.simulate plan` computed it."""
    rows = "".join(
        f"| {kind} | {each['in_process_ms']:.1f} ms | {_hours(each['in_process_ms'])} core hours"
        f" | {each['over_http_ms']:.1f} ms | {_hours(each['over_http_ms'])} core hours |\n"
        for kind, each in found["costs"].items()
    )
    return (
        "| image | CPU, in-process | a million films | CPU, over HTTP | a million films |\n"
        f"|---|---|---|---|---|\n{rows}"
    )


def _hours(milliseconds: float) -> str:
    """Return the core hours of a million films, each of which takes so long."""
    hours = milliseconds * 1e3 / 3600
    return f"{hours:.1f}" if hours >= 1 else f"{hours:.2f}"


def plan(found: Mapping[str, Any]) -> str:
    """Return p99 by cores and share, as `benchmarks.simulate plan` simulated it."""
    cores = sorted({each["cores"] for each in found["queue"]})
    shares = sorted({each["share"] for each in found["queue"]})
    p99 = {(each["cores"], each["share"]): each["p99_ms"] for each in found["queue"]}
    rows = "".join(
        f"| {number:,} | " + " | ".join(f"{p99[number, share]:.0f}" for share in shares) + " |\n"
        for number in cores
    )
    head = " | ".join(_percent(share) for share in shares)
    return f"| cores | {head} |\n{'|---' * (len(shares) + 1)}|\n{rows}"


SECTIONS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "bulk": ("bulk.json", bulk),
    "nodes": ("ray.json", nodes),
    "costs": ("plan.json", costs),
    "plan": ("plan.json", plan),
    "check": ("check.json", check),
}
"""The parts by their names in the page: the file in docs/scaling/ that each is made of, and how."""


def page(before: str) -> str:
    """Return the page with each measured part as the files say."""
    for name, (file, told) in SECTIONS.items():
        path, said = FOLDER / file, "It has not been run yet.\n"
        if path.is_file():
            said = told(json.loads(path.read_text(encoding="utf-8")))
        before = replaced(before, name, said)
    return before


def keep(file: str, found: Any) -> None:
    """Write what was measured into a file of docs/scaling/, and the page."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / file).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    main()


def main() -> None:
    """Write the measured parts of docs/scaling.md as docs/scaling/ has them."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
