"""The manifests are Kubernetes', and say what the service needs; no cluster is asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from covidxray_api.settings import Settings, variable

MANIFEST = Path(__file__).parents[2] / "deploy" / "kubernetes" / "covidxray.yaml"
RESOURCES = list(yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8")))


@pytest.fixture
def pod() -> dict[str, Any]:
    (deployment,) = (it for it in RESOURCES if it["kind"] == "Deployment")
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda it: it["kind"])
def test_a_manifest_has_the_schema_of_its_kind(resource: dict[str, Any]) -> None:
    for version in ("1.30", "1.37"):
        kubernetes_validate.validate(resource, version, strict=True)


def test_probes_ask_what_there_is(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]

    asked = {name: container[name]["httpGet"]["path"] for name in container if "Probe" in name}
    assert asked == {
        "startupProbe": "/health/ready",
        "readinessProbe": "/health/ready",
        "livenessProbe": "/health/live",
    }


def test_a_stop_has_as_long_as_the_longest_request(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    wait = float(container["lifecycle"]["preStop"]["exec"]["command"][-1])

    assert pod["terminationGracePeriodSeconds"] >= Settings().batch_upload_s + wait


def test_the_container_may_do_little(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


def test_variables_are_settings_and_no_others_are_added(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    known = {variable(field) for field in Settings.model_fields}

    assert {it["name"] for it in container["env"]} <= known
    # Kubernetes would name the service's address COVIDXRAY_PORT.
    assert pod["enableServiceLinks"] is False
    assert not re.search(r"COVIDXRAY_\w*_SERVICE", MANIFEST.read_text(encoding="utf-8"))
