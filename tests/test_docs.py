"""What is documented is what there is."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from markdown.extensions.toc import slugify
from tests.documentation.blocks import PAGES as WRITTEN
from tests.documentation.named import names_of_tests
from tools.reference import DOCS, PAGES, made

from covidxray_api.errors import kinds

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_the_code_says(page: str) -> None:
    committed = (DOCS / page).read_text(encoding="utf-8")
    assert committed == made(page), "run `python -m tools.reference`"


def test_no_two_problems_have_the_same_name() -> None:
    slugs = [kind.code for kind in kinds()]

    assert len(slugs) == len(set(slugs))


def test_each_dependency_is_justified() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = chain(project["dependencies"], *project["optional-dependencies"].values())
    names = {re.split(r"[\[>=<]", requirement)[0] for requirement in asked}
    page = (DOCS / "dependencies.md").read_text(encoding="utf-8")

    undocumented = {name for name in names - {"covidxray-api"} if f"`{name}`" not in page}
    assert undocumented == set()


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", page.read_text(encoding="utf-8"))

    for path, anchor in links:
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return what the headings of a page are linked by, here and on the site."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {slugify(heading, "-") for heading in headings}


SECURITY = (DOCS / "security.md").read_text(encoding="utf-8")
RELIABILITY = (DOCS / "reliability.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`(tests/[^`]+::[^`]+)`", SECURITY + RELIABILITY)))
)
def test_a_threat_or_fault_is_tested(name: str) -> None:
    path, _, test = name.partition("::")

    assert test in names_of_tests(ROOT / path)


def test_each_threat_names_a_test() -> None:
    rows = [line for line in SECURITY.splitlines() if re.match(r"\| [STRIDE, ]+ \|", line)]

    assert len(rows) > 30
    assert [row for row in rows if "::test_" not in row.rpartition(" | ")[2]] == []


def test_each_fault_has_a_row() -> None:
    battery = "tests/faults/test_faults.py"
    rows = re.findall(rf"^\| .+ \| `{battery}::(\w+)` \|$", RELIABILITY, re.MULTILINE)

    assert set(rows) == names_of_tests(ROOT / battery)
