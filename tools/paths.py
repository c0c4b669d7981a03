"""The paths of the API, by its description: the block of docs/api.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

DESCRIPTION = Path(__file__).parents[1] / "openapi.yaml"


def paths() -> str:
    """Return a section for each path and method."""
    description = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    return "\n".join(_sections(description))


def _sections(description: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"## `{method.upper()} {path}`\n"
            yield f"{operation['description'].strip()}\n"
            yield f"Operation `{operation['operationId']}`. {_answers(description, operation)}\n"
            parameters = [_found(description, it) for it in operation.get("parameters", ())]
            if parameters:
                yield "| parameter | in | meaning |\n|---|---|---|"
                for it in parameters:
                    said = " ".join(it.get("description", "").split()).replace("|", r"\|")
                    yield f"| `{it['name']}` | {it['in']} | {said} |"
                yield ""


def _answers(description: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    """Say what is answered where nothing goes wrong, and by which statuses it is refused."""
    answers = {
        status: ", ".join(f"`{kind}`" for kind in _found(description, it).get("content", ()))
        for status, it in operation["responses"].items()
        if status != "default"
    }
    good = (f"{status} {kinds}".strip() for status, kinds in answers.items() if status < "400")
    refused = (status for status in answers if status >= "400")
    return f"Answers {'; '.join(good)}. Problems: {', '.join(refused)}."


def _found(description: Mapping[str, Any], it: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference leads to, or the thing itself."""
    if "$ref" not in it:
        return it
    found: Any = description
    for name in it["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found  # type: ignore[no-any-return]
