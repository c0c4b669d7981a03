"""What version 1 of the API promises still holds: docs/contract.md.

`docs/contract-v1.txt` has a line for everything that a caller can rely on. With each release
`python -m tests.api.test_contract` adds what is new; what is there goes with its version alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from covidxray_api.api.app import create_app
from covidxray_api.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "contract-v1.txt"

Described = dict[str, Any]


def promises(document: Described) -> Iterator[str]:
    """What a caller can rely on, a line each."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _of_operation(f"{method.upper()} {path}", operation, document)


def demands(document: Described) -> set[str]:
    """What a caller has to send."""
    found = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                if parameter.get("required"):
                    found.add(f"{method.upper()} {path} needs {parameter['name']}")
            for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
                schema = _resolved(body["schema"], document)
                for name in schema.get("required", ()):
                    found.add(f"{method.upper()} {path} needs {media_type} {name}")
    return found


def _of_operation(name: str, operation: Described, document: Described) -> Iterator[str]:
    yield f"{name} is {operation['operationId']}"
    for parameter in operation.get("parameters", ()):
        kinds = "|".join(_kinds(parameter["schema"], document))
        yield f"{name} takes {parameter['in']} {parameter['name'].lower()}: {kinds}"
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        for field in _fields(body["schema"], document, ()):
            yield f"{name} takes {media_type} {field}"
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            yield f"{name} {status} {media_type}"
            if status.startswith("2"):
                for field in _fields(content["schema"], document, ()):
                    yield f"{name} {status} {media_type} {field}"
            for example in content.get("examples", ()) if status[0] in "45" else ():
                yield f"{name} {status} {example}"


def _fields(schema: Described, document: Described, path: tuple[str, ...]) -> Iterator[str]:
    """Yield each field beneath a schema, with its types."""
    for kind in _alternatives(schema, document):
        if "items" in kind:
            yield from _fields(kind["items"], document, (*path, "[]"))
        for name, inner in kind.get("properties", {}).items():
            place = (*path, name)
            yield f"{'.'.join(place)}: {'|'.join(_kinds(inner, document))}"
            yield from _fields(inner, document, place)
        if isinstance(more := kind.get("additionalProperties"), dict):
            yield from _fields(more, document, (*path, "*"))


def _alternatives(schema: Described, document: Described) -> list[Described]:
    schema = _resolved(schema, document)
    return [_resolved(kind, document) for kind in schema.get("anyOf", [schema])]


def _kinds(schema: Described, document: Described) -> list[str]:
    kinds = _alternatives(schema, document)
    return sorted({str(kind.get("type", "any")) for kind in kinds})


def _resolved(schema: Described, document: Described) -> Described:
    if reference := schema.get("$ref"):
        found: Described = document["components"]["schemas"][reference.rsplit("/", 1)[-1]]
        return found
    return schema


def _document() -> Described:
    return create_app(Settings()).openapi()


def test_nothing_that_was_promised_is_taken_away() -> None:
    promised = set(PAGE.read_text(encoding="utf-8").splitlines())
    document = _document()
    kept = set(promises(document)) | demands(document)

    assert sorted(promised - kept) == []


def test_nothing_more_is_demanded() -> None:
    promised = set(PAGE.read_text(encoding="utf-8").splitlines())
    known = {line.partition(" is ")[0] for line in promised if " is " in line}
    demanded = {one for one in demands(_document()) if one.partition(" needs ")[0] in known}

    assert sorted(demanded - promised) == []


if __name__ == "__main__":
    described = _document()
    lines = set(PAGE.read_text(encoding="utf-8").splitlines()) if PAGE.exists() else set()
    lines |= set(promises(described)) | demands(described)
    PAGE.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
