"""What a version of the API promises, a line each: `python -m tools.contract` adds what is new.

`docs/contract.md` says what holds within a version. What stands in its file goes with the version
alone, whose path is `VERSION`; `python -m tools.contract` is run with each release.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from covidxray_api.api.app import create_app
from covidxray_api.api.prefix import VERSION
from covidxray_api.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / f"contract-{VERSION.strip('/')}.txt"
"""What the version promises, as it was last released."""

Described = dict[str, Any]


def broken(promised: Set[str], document: Described) -> list[str]:
    """Return what a description no longer holds, and what it demands of callers beyond that.

    Parameters
    ----------
    promised : set of str
        The lines of `PAGE`.
    document : dict
        An OpenAPI description.
    """
    demanded = demands(document)
    known = {line.partition(" is ")[0] for line in promised if " is " in line}
    more = {one for one in demanded if one.partition(" needs ")[0] in known} - promised
    return sorted((promised - set(promises(document)) - demanded) | more)


def promises(document: Described) -> Iterator[str]:
    """Yield what a caller can rely on."""
    for name, operation in _operations(document):
        yield f"{name} is {operation['operationId']}"
        for parameter in operation.get("parameters", ()):
            place = f"{name} takes {parameter['in']} {parameter['name'].lower()}"
            yield f"{place}: {'|'.join(_kinds(parameter['schema'], document))}"
            for value in _values(parameter["schema"], document):
                yield f"{place} = {value}"
        for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
            for path, schema in _fields(body["schema"], document):
                place = f"{name} takes {media_type} {path}"
                yield f"{place}: {'|'.join(_kinds(schema, document))}"
                for value in _values(schema, document):
                    yield f"{place} = {value}"
        yield from _answers(name, operation, document)


def demands(document: Described) -> set[str]:
    """Return what a caller has to send."""
    found = set()
    for name, operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter.get("required"):
                found.add(f"{name} needs {parameter['name']}")
        for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
            for path in _required(body["schema"], document):
                found.add(f"{name} needs {media_type} {path}")
    return found


def _operations(document: Described) -> Iterator[tuple[str, Described]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _answers(name: str, operation: Described, document: Described) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        yield f"{name} {status}"
        for media_type, content in answer.get("content", {}).items():
            yield f"{name} {status} {media_type}"
            if status.startswith("2"):
                for path, schema in _fields(content["schema"], document):
                    kinds = "|".join(_kinds(schema, document))
                    yield f"{name} {status} {media_type} {path}: {kinds}"
            for example in content.get("examples", ()) if status[0] in "45" else ():
                yield f"{name} {status} {example}"


def _fields(
    schema: Described, document: Described, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, Described]]:
    """Yield the path and the schema of each field beneath a schema."""
    for kind in _alternatives(schema, document):
        if "items" in kind:
            yield from _fields(kind["items"], document, (*path, "[]"))
        for name, inner in kind.get("properties", {}).items():
            place = (*path, name)
            yield ".".join(place), inner
            yield from _fields(inner, document, place)
        if isinstance(more := kind.get("additionalProperties"), dict):
            yield from _fields(more, document, (*path, "*"))


def _required(schema: Described, document: Described, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the paths of the fields that must not be left out of what has them."""
    for kind in _alternatives(schema, document):
        if "items" in kind:
            yield from _required(kind["items"], document, (*path, "[]"))
        for name, inner in kind.get("properties", {}).items():
            if name in kind.get("required", ()):
                yield ".".join((*path, name))
            yield from _required(inner, document, (*path, name))


def _values(schema: Described, document: Described) -> Iterator[str]:
    """Yield the values that may be sent, where not every one of a type may be."""
    for kind in _alternatives(schema, document):
        yield from map(str, kind.get("enum", [kind["const"]] if "const" in kind else []))
        if "items" in kind:
            yield from _values(kind["items"], document)


def _alternatives(schema: Described, document: Described) -> list[Described]:
    schema = _resolved(schema, document)
    return [_resolved(kind, document) for kind in schema.get("anyOf", [schema])]


def _kinds(schema: Described, document: Described) -> list[str]:
    return sorted({str(kind.get("type", "any")) for kind in _alternatives(schema, document)})


def _resolved(schema: Described, document: Described) -> Described:
    if reference := schema.get("$ref"):
        found: Described = document["components"]["schemas"][reference.rsplit("/", 1)[-1]]
        return found
    return schema


def promised() -> set[str]:
    """Return what the version promises; nothing if it is new."""
    return set(PAGE.read_text(encoding="utf-8").splitlines()) if PAGE.exists() else set()


def main() -> None:
    """Add what the version promises by now."""
    document = create_app(Settings()).openapi()
    lines = promised() | set(promises(document)) | demands(document)
    PAGE.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
