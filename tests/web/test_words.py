"""Both languages say everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Visit

SHAPE = """async (language) => {
    const { words } = await import(`/web/words.${language}.js`);
    const shape = (value) => {
        if (typeof value === "function") return value.length;
        if (typeof value === "string") return value.trim() !== "";
        return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]));
    };
    return shape(words);
}"""

PATHS = ("/predict", "/explain", "/preview", "/report", "/feedback", "/models")


def problems(description: dict[str, Any], path: str) -> Iterator[str]:
    """Yield the names of the problems that a path may answer with."""
    for operation in description["paths"][path].values():
        for response in operation["responses"].values():
            media = response.get("content", {}).get("application/problem+json", {})
            yield from media.get("examples", {})


def test_the_languages_have_the_same_words(visit: Visit) -> None:
    page = visit()
    english, spanish = (page.evaluate(SHAPE, language) for language in ("en", "es"))

    assert english == spanish
    assert False not in english.values()


@pytest.mark.parametrize("path", PATHS)
def test_each_problem_of_the_service_has_words(
    visit: Visit, service: httpx.Client, path: str
) -> None:
    slugs = set(problems(service.get("/openapi.json").json(), path))
    worded = visit().evaluate(SHAPE, "es")["problems"]

    assert slugs
    assert slugs <= worded.keys()
