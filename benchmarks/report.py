"""What was measured, as a page and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.images import MAIN

mpl.use("Agg")


def page(found: Mapping[str, Any], engines: Mapping[str, Any] | None) -> str:
    """Return the measurements as Markdown."""
    machine, clients, over = found["machine"], found["clients"], found["overload"]
    lines = [
        "# Performance",
        "",
        f"Measured on {machine['date']} on {machine['cores']} cores ({machine['processor']}),"
        f" Python {machine['python']}, by `python -m benchmarks.run`; the load generator is another"
        " process on the same cores. Ratios are within this one run.",
        "",
        "![Latency, throughput and memory](performance/service.png)",
        "",
        "The peers serve the same pipeline: the same decoding, gate and compiled network. They run"
        " from an environment of their own, `uv venv .venv-peers` and `uv pip install --python"
        " .venv-peers -e . litserve bentoml 'ray[serve]' openvino ai-edge-litert psutil`; then"
        " `python -m benchmarks.run --peers .venv-peers/bin/python`. TensorFlow Serving and Triton"
        " come as images, which need a container engine, and take tensors; MLServer takes tensors"
        " too. An image larger than 672 pixels is reduced when it is decoded, and probabilities"
        " move by less than 0.02 by that, as a test holds.",
        "",
        "## Against the targets",
        "",
        "| | measured | target |",
        "|---|---|---|",
        *(f"| {name} | {value} | {target} |" for name, value, target in _targets(found)),
        "",
        _bounds(found),
        "",
        f"At five times capacity {over['refused'] / over['seconds']:.0f} requests a second, with"
        " their films, are received and refused; that and the load generator, which takes"
        f" {over['generator_cores']:.2f} of the {machine['cores']} cores then and"
        f" {clients['8']['generator_cores']:.2f} with eight clients, is what films go short of."
        " `python -m benchmarks.overload` measures this alone, in turns with the peak, and what a"
        " refusal costs; it costs more with limits of clients or traces, and for pages of other"
        " origins.",
        "",
        "## Where the time of a film goes",
        "",
        "CPU milliseconds on one core.",
        "",
        "| image | " + " | ".join(found["parts"][MAIN]) + " |",
        "|---" * (len(found["parts"][MAIN]) + 1) + "|",
        *(
            f"| {kind} | " + " | ".join(f"{spent:.2f}" for spent in each.values()) + " |"
            for kind, each in found["parts"].items()
        ),
        "",
        "`/explain` adds the map, and five more inferences that put it to the test.",
        "",
        "## By kind of image, eight clients",
        "",
        "| image | in-process limit, films/s | service, films/s | share | CPU ms a film, limit |"
        " CPU ms a film, service | p50 ms | p95 ms | p99 ms |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {kind} | {found['limit'][kind]['films_per_second']:.0f}"
            f" | {each['films_per_second']:.0f}"
            f" | {each['films_per_second'] / found['limit'][kind]['films_per_second']:.0%}"
            f" | {found['limit'][kind]['cpu_ms_per_film']:.2f} | {each['cpu_ms_per_request']:.2f}"
            f" | {_latencies(each)} |"
            for kind, each in found["kinds"].items()
        ),
        "",
        f"## By number of clients, {MAIN}",
        "",
        "| service | clients | films/s | p50 ms | p95 ms | p99 ms | CPU ms a film | memory MB |",
        "|---|---|---|---|---|---|---|---|",
        *(_row("ours, 2 workers", n, each) for n, each in clients.items()),
        *(
            _row(f"ours, {n} worker{'s' * (n != '1')}", "8", each)
            for n, each in sorted(found["workers"].items())
            if n != "2"
        ),
        *(
            _row(name, n, each)
            for name, by_clients in {"naive": found["naive"], **found.get("peers", {})}.items()
            for n, each in by_clients.items()
        ),
        "",
    ]
    if engines:
        lines += [
            "## Engines",
            "",
            "By `python -m benchmarks.engines`: the default model, milliseconds of wall time a film"
            " (CPU milliseconds in brackets), by threads × batch.",
            "",
            "| engine | "
            + " | ".join(next(iter(engines.values())))
            + " | load s | added MB | difference from Keras |",
            "|---" * (len(next(iter(engines.values()))) + 4) + "|",
            *(
                f"| {name} | "
                + " | ".join(
                    f"{each['ms_per_film']:.2f} ({each['cpu_ms_per_film']:.2f})"
                    for each in found_by.values()
                )
                + f" | {_first(found_by, 'load_s'):.2f} | {_first(found_by, 'added_mb'):.0f}"
                f" | {_first(found_by, 'difference_from_keras'):.0e} |"
                for name, found_by in engines.items()
            ),
            "",
        ]
        lines += _micro_batching(found, engines)
    return "\n".join(lines)


def _bounds(found: Mapping[str, Any]) -> str:
    """Say what no server could exceed."""
    limit = found["limit"][MAIN]["films_per_second"]
    said = f"{limit / peak_of(found['naive']):.1f} times the naive service"
    if "peers" in found:
        best = max(peak_of(by_clients) for by_clients in found["peers"].values())
        said += f", and {limit / best:.2f} times the best peer"
    return f"The in-process limit is itself {said}: no server around this pipeline can be more."


def _micro_batching(found: Mapping[str, Any], engines: Mapping[str, Any]) -> list[str]:
    """Say what batching across requests could give at most."""
    one, eight = (engines["ONNX Runtime"][f"1 × {n}"]["cpu_ms_per_film"] for n in (1, 8))
    spent = found["clients"]["8"]["cpu_ms_per_request"]
    return [
        "## Micro-batching",
        "",
        f"ONNX Runtime, the engine that serves, spends {one:.2f} ms of CPU on a film alone and"
        f" {eight:.2f} ms on one of eight. If every batch were full, a film would cost"
        f" {spent - one + eight:.2f} instead of {spent:.2f} ms, which is"
        f" {spent / (spent - one + eight) - 1:.0%} more films a second, before any waiting. Batches"
        " across requests are kept only from 10 % on.",
        "",
    ]


def _first(found: Mapping[str, Any], figure: str) -> float:
    value: float = next(iter(found.values()))[figure]
    return value


def _targets(found: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    limit, service = found["limit"][MAIN], found["clients"]["8"]
    peak, naive = peak_of(found["clients"]), peak_of(found["naive"])
    half, over = found["half_load"], found["overload"]
    added = {q: half["latency_ms"][q] - limit["latency_ms"][q] for q in ("p50", "p99")}
    worker = max(service["resident_mb"])
    goodput = over["films_per_second"] / peak
    spent = over["cpu_ms_per_request"] * (over["served"] + over["refused"])
    of_service = over["served"] * service["cpu_ms_per_request"] / spent
    targets = [
        (
            "CPU a film, over the in-process limit's",
            f"{service['cpu_ms_per_request'] / limit['cpu_ms_per_film']:.2f} ×",
            "≤ 1.3 ×",
        ),
        (
            "throughput, of the in-process limit",
            f"{peak / limit['films_per_second']:.0%}",
            "≥ 60 %",
        ),
        ("throughput, over the naive service's", f"{peak / naive:.1f} ×", "≥ 20 ×"),
    ]
    if "peers" in found:
        best = {name: peak_of(by_clients) for name, by_clients in found["peers"].items()}
        name = max(best, key=lambda peer: best[peer])
        targets.append(
            (f"throughput, over the best peer's ({name})", f"{peak / best[name]:.2f} ×", "≥ 1.5 ×")
        )
    gate = max(each["gate with SSIM"] for each in found["parts"].values())
    targets += [
        ("gate with SSIM, one core", f"{gate:.2f} ms at most", "≤ 1.5 ms"),
        ("added at half load, p50", f"{added['p50']:.1f} ms", "≤ 1.5 ms"),
        ("added at half load, p99", f"{added['p99']:.1f} ms", "≤ 8 ms"),
        ("start to ready", f"{found['ready_after_s']:.2f} s", "≤ 2 s"),
        ("resident memory of a worker", f"{worker:.0f} MB", "≤ 300 MB"),
        ("goodput at five times capacity, of peak", f"{goodput:.0%}", "≥ 90 %"),
        ("the same, of a CPU second of the service", f"{of_service:.0%}", "≥ 90 %"),
        (
            "refusals at five times capacity, p99 (max)",
            f"{over['refusal_ms'].get('p99', 0):.0f} ({over['refusal_ms'].get('max', 0):.0f}) ms",
            "≤ 50 ms",
        ),
        (
            "accepted at five times capacity, p99 (max)",
            f"{over['latency_ms']['p99']:.0f} ({over['latency_ms']['max']:.0f}) ms",
            "within the deadline of 30 s",
        ),
        ("crossed answers, failed requests", f"{over['crossed']}, {over['failed']}", "0, 0"),
    ]
    if "memory" in found:
        resident, asked = found["memory"]["resident_mb"], found["memory"]["requests"]
        settled = next(mb for n, mb in zip(asked, resident, strict=True) if n >= asked[-1] / 10)
        grown = f"{max(resident) / settled - 1:.1%} over {asked[-1]:,}"
        targets.append(("growth of memory after the first tenth of requests", grown, "≤ 2 %"))
    return targets


def peak_of(by_clients: Mapping[str, Any]) -> float:
    """Return the most films a second that any number of clients got."""
    return max(float(each["films_per_second"]) for each in by_clients.values())


def _latencies(each: Mapping[str, Any]) -> str:
    return " | ".join(f"{each['latency_ms'][q]:.1f}" for q in ("p50", "p95", "p99"))


def _row(name: str, clients: str, each: Mapping[str, Any]) -> str:
    return (
        f"| {name} | {clients} | {each['films_per_second']:.0f} | {_latencies(each)}"
        f" | {each['cpu_ms_per_request']:.2f} | {sum(each['resident_mb']):.0f} |"
    )


def draw(found: Mapping[str, Any], path: Path) -> None:
    """Draw latency against clients, throughput of services and kinds, and memory."""
    figure = Figure(figsize=(18, 4.5), layout="constrained")
    latency, throughput, kinds, memory = figure.subplots(1, 4)
    clients = [int(n) for n in found["clients"]]
    for quantile in ("p50", "p95", "p99"):
        values = [each["latency_ms"][quantile] for each in found["clients"].values()]
        latency.plot(clients, values, marker="o", label=quantile)
    latency.set(title=f"Latency, {MAIN}", xlabel="clients", ylabel="ms", xscale="log", yscale="log")
    latency.legend()
    bars = {
        "in-process limit": found["limit"][MAIN]["films_per_second"],
        **{f"ours, {n} w.": e["films_per_second"] for n, e in sorted(found["workers"].items())},
    }
    for name, by_clients in {**found.get("peers", {}), "naive": found["naive"]}.items():
        bars[name] = peak_of(by_clients)
    throughput.barh(list(bars)[::-1], list(bars.values())[::-1])
    throughput.set(title=f"Throughput, {MAIN}", xlabel="films a second")
    names = list(found["kinds"])
    kinds.plot(names, [found["limit"][k]["films_per_second"] for k in names], "o--", label="limit")
    kinds.plot(names, [found["kinds"][k]["films_per_second"] for k in names], "o-", label="ours")
    kinds.set(title="Throughput by image", ylabel="films a second")
    kinds.legend()
    if "memory" in found:
        memory.plot(found["memory"]["requests"], found["memory"]["resident_mb"], marker="o")
    memory.set(title="Resident memory of a worker", xlabel="requests", ylabel="MB", ylim=(0, None))
    figure.savefig(path, dpi=80)
