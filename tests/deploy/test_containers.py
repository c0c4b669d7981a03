"""The container and its compose files say what they are to do; none is started here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from covidxray_api.settings import Settings, variable

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml", ROOT / "deploy" / "compose.postgresql.yml")


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in COMPOSE:
        for name, service in yaml.safe_load(path.read_text(encoding="utf-8"))["services"].items():
            found.setdefault(name, {}).update(service)
    return found


def test_the_health_check_asks_where_the_settings_say() -> None:
    assert '    CMD ["covidxray", "health"]\n' in DOCKERFILE
    assert "healthcheck" not in services()["covidxray"]
    assert not re.search(r"CMD.*8000", DOCKERFILE)


@pytest.mark.parametrize("name", ["covidxray", "node"])
def test_a_service_runs_as_a_user_of_its_own_and_writes_nothing_of_the_image(name: str) -> None:
    service = services()[name]

    assert "USER 10001" in DOCKERFILE
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", list(services()))
def test_every_service_is_limited_and_its_log_rotated(name: str) -> None:
    service = services()[name]

    assert service["cpus"] > 0
    assert service["mem_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_images_of_others_are_named_by_version_and_digest() -> None:
    (base,) = re.findall(r"^ARG BASE=(.+)$", DOCKERFILE, re.MULTILINE)
    named = {base, *(service["image"] for service in services().values() if "image" in service)}
    others = {image for image in named if not image.startswith("covidxray-api")}

    assert len(others) == 5
    for image in others:
        digest = "" if image.startswith("jodogne/orthanc") else "@sha256:[0-9a-f]{64}"
        assert re.fullmatch(rf"[a-z/-]+:v?\d+\.\d+[.\da-z-]*{digest}", image)


def test_all_of_the_image_is_built_on_one_base() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${BASE}"}


def test_settings_of_the_containers_are_settings() -> None:
    known = {variable(field) for field in Settings.model_fields}
    text = DOCKERFILE + "".join(path.read_text(encoding="utf-8") for path in COMPOSE)

    assert set(re.findall(r"COVIDXRAY_[A-Z_]+", text)) <= known


def test_only_this_machine_reaches_what_is_published() -> None:
    for service in services().values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
