"""The configuration of the DICOM node, by its own words: the block of docs/pacs.md."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from covidxray_api.hospital.node.config import (
    DimseDestination,
    FhirDestination,
    NodeConfig,
    Peer,
    Rule,
    StowDestination,
)

TABLES: Mapping[str, type[BaseModel]] = {
    "At the top": NodeConfig,
    "`[[peers]]`": Peer,
    "`[[rules]]`": Rule,
    '`[[destinations]]` with `kind = "dimse"`': DimseDestination,
    '`[[destinations]]` with `kind = "stow"`': StowDestination,
    '`[[destinations]]` with `kind = "fhir"`': FhirDestination,
}
"""The tables of the file, by their heading."""

LISTS = {"peers", "rules", "destinations"}


def node() -> str:
    """Return a table for each kind of entry: its default, and what it means."""
    return "\n".join(_section(heading, model) for heading, model in TABLES.items())


def _section(heading: str, model: type[BaseModel]) -> str:
    rows = [f"### {heading}\n", "| entry | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if model is NodeConfig and name in LISTS:
            default = "see below"
        elif field.is_required():
            default = "needed"
        else:
            default = f"`{_toml(field.default)}`"
        rows.append(f"| `{name}` | {default} | {' '.join((field.description or '').split())} |")
    return "\n".join(rows) + "\n"


def _toml(value: object) -> str:
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
