"""What is documented is what there is."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from covidxray_api.api.problems import STATUS
from covidxray_api.errors import CovidXrayError, kinds
from covidxray_api.settings import Settings
from covidxray_api.texts.problems import advice, title

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_a_setting_is_documented(name: str) -> None:
    field = Settings.model_fields[name]
    shipped = isinstance(field.default, Path) and field.default.is_absolute()
    default = "shipped" if shipped else f"`{field.default}`"
    meaning = " ".join((field.description or "").split())

    assert f"| `COVIDXRAY_{name.upper()}` | {default} | {meaning} |" in README


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.code)
def test_a_problem_is_documented(kind: type[CovidXrayError]) -> None:
    assert (
        f"| `{kind.code}` | {STATUS[kind.code].value} | {title(kind.code, 'en')}"
        f" | {advice(kind.code, 'en', 'http')} |"
    ) in README


def test_no_two_problems_have_the_same_name() -> None:
    slugs = [kind.code for kind in kinds()]

    assert len(slugs) == len(set(slugs))


def test_each_dependency_is_justified() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = chain(project["dependencies"], *project["optional-dependencies"].values())
    names = {re.split(r"[\[>=<]", requirement)[0] for requirement in asked}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")

    undocumented = {name for name in names - {"covidxray-api"} if f"`{name}`" not in page}
    assert undocumented == set()


@pytest.mark.parametrize(
    "page",
    [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda page: page.name,
)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []
