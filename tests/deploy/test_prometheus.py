"""Rules and dashboard, by Prometheus itself."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.waiting import PATIENCE_S, wait_until

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "covidxray.json"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")

pytestmark = pytest.mark.skipif(
    not (PROMETHEUS and PROMTOOL), reason="needs Debian's package prometheus"
)


@pytest.mark.parametrize(
    "check",
    [
        ["check", "rules", "alerts.yml"],
        ["check", "config", "prometheus.yml"],
        ["check", "config", "prometheus.compose.yml"],
        ["test", "rules", "alerts_test.yml"],
    ],
    ids=" ".join,
)
def test_promtool_finds_nothing(check: list[str]) -> None:
    done = subprocess.run([str(PROMTOOL), *check], cwd=RULES, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def prometheus(
    service: httpx.Client, film: bytes, no_film: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Prometheus, as it is configured in the repository, with the service as its target."""
    for data in (film, no_film):
        service.post("/predict", content=data)
    folder = tmp_path_factory.mktemp("prometheus")
    config = yaml.safe_load((RULES / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [service.base_url.netloc.decode()]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    shutil.copy(RULES / "alerts.yml", folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        str(PROMETHEUS),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    ]
    with (
        subprocess.Popen(command, stderr=subprocess.DEVNULL) as process,
        httpx.Client(base_url=f"http://{address}/api/v1", timeout=PATIENCE_S) as client,
    ):
        try:
            wait_until(lambda: scraped(client))
            yield client
        finally:
            process.terminate()


def scraped(client: httpx.Client) -> bool:
    """Return whether Prometheus has scraped the service, and evaluated the rules."""
    try:
        (target,) = client.get("/targets").json()["data"]["activeTargets"]
        (group,) = client.get("/rules").json()["data"]["groups"]
    except (httpx.TransportError, KeyError, ValueError):
        return False  # It starts.
    return target["health"] == "up" and all(rule["health"] == "ok" for rule in group["rules"])


def metrics(client: httpx.Client) -> set[str]:
    """Return the names of all metrics of ours that Prometheus has."""
    names = client.get("/label/__name__/values").json()["data"]
    return {name for name in names if name.startswith("covidxray_")}


def test_no_alert_fires_where_nothing_is_wrong(prometheus: httpx.Client) -> None:
    alerts = prometheus.get("/alerts").json()["data"]["alerts"]

    assert [alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"] == []


def expressions() -> list[str]:
    """Return all that the dashboard asks for."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_prometheus_understands_the_dashboard(prometheus: httpx.Client) -> None:
    for expression in expressions():
        asked = {"query": expression.replace("$instance", ".*")}
        answer: dict[str, Any] = prometheus.get("/query", params=asked).json()
        assert answer["status"] == "success", expression


def test_rules_and_dashboard_ask_for_metrics_that_there_are(
    prometheus: httpx.Client, service: httpx.Client
) -> None:
    known = set(re.findall(r"^# TYPE (covidxray_\w+)", service.get("/metrics").text, re.MULTILINE))
    rules = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))
    asked = [rule["expr"] for rule in rules["groups"][0]["rules"]] + expressions()

    for name in re.findall(r"covidxray_\w+", " ".join(asked)):
        assert re.sub(r"_(bucket|sum|count)$", "", name) in known
    assert {"covidxray_in_flight", "covidxray_requests_total"} <= metrics(prometheus)


def test_each_metric_is_explained(service: httpx.Client) -> None:
    text = service.get("/metrics").text

    for name, labels in re.findall(r"^(covidxray_\w+)(?:\{(.*)\})? ", text, re.MULTILINE):
        if not name.endswith(("_created", "_sum", "_count")):
            assert f"`{name.removesuffix('_bucket')}`" in METRICS
        for label in re.findall(r"(\w+)=", labels):
            assert label == "le" or f"`{label}`" in METRICS


def test_each_alert_has_a_section() -> None:
    rules = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))
    headings = {line.removeprefix("### ") for line in OPERATIONS.splitlines() if line[:4] == "### "}

    for rule in rules["groups"][0]["rules"]:
        assert rule["alert"] in headings
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
