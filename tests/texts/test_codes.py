"""docs/codes.md explains every code that an answer can carry."""

from __future__ import annotations

import ast
from pathlib import Path

from covidxray_api.api.problems import STATUS
from covidxray_api.texts import MESSAGES, codes
from covidxray_api.texts.answers import ANSWERS
from covidxray_api.texts.problems import PROBLEMS
from covidxray_api.training.gate.rules import RULES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "codes.md"
BEGIN, END = "<!-- made from texts/codes.py -->\n", "<!-- end -->\n"

KINDS = {
    "Rejections": ("`rejection.code`: why an image gets no diagnosis.", codes.REJECTIONS),
    "Findings": (
        "`consistency.findings[].code`: what its sender should know of an image; `action` says what"
        " followed.",
        codes.FINDINGS,
    ),
    "Warnings": (
        "`warnings[].code`: what was assumed in reading the file, and what to check.",
        codes.WARNINGS,
    ),
    "Limits": ("`limits[].code`: what the answer does not tell.", codes.LIMITS),
    "Figures": (
        "`figures[].code`: how often answers at the operating point were right or wrong.",
        codes.FIGURES,
    ),
    "Notes on maps": (
        "`explanation.notes[].code`: what the map does and does not mean.",
        codes.NOTES,
    ),
    "Withheld maps": ("`explanation.withheld.code`: why there is no map.", codes.WITHHELD),
}


def page() -> str:
    """What the tables of the package say."""
    parts = []
    for title, (said, kind) in KINDS.items():
        rows = (
            f"### `{code}`\n\n{MESSAGES[code]['en']}\n\n*{MESSAGES[code]['es']}*\n" for code in kind
        )
        parts.append(f"## {title}\n\n{said}\n\n" + "\n".join(rows))
    problems = (
        f"### `{code}`\n\n{status.value} {status.phrase}. {PROBLEMS[code].title['en']}:"
        f" {PROBLEMS[code].advice['en']}\n"
        for code, status in STATUS.items()
    )
    parts.append(
        "## Problems\n\nThe last part of a problem's `type`; `GET /problems/{code}` explains each"
        " in the language of `Accept-Language`.\n\n" + "\n".join(problems)
    )
    return "\n".join(parts)


def test_the_page_says_what_the_package_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    assert text[begin:end] == page(), "run `python -m tests.texts.test_codes`"


def test_every_text_of_an_answer_is_that_of_a_code() -> None:
    listed = [code for _, kind in KINDS.values() for code in kind]

    assert len(set(listed)) == len(listed)
    # What is said of every answer, and by the command line alone.
    assert ANSWERS.keys() - set(listed) == {"notice", "duplicate"}


def test_every_finding_of_the_gate_is_listed() -> None:
    assert RULES.keys() <= set(codes.FINDINGS)


def test_every_warning_of_decoding_is_listed() -> None:
    found = set()
    for path in (ROOT / "src/covidxray_api/decoding").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("warnings.append"):
                found.add(ast.literal_eval(node.args[0]))

    assert len(found) > 10
    assert found <= set(codes.WARNINGS)


if __name__ == "__main__":
    said = PAGE.read_text(encoding="utf-8")
    head, tail = said[: said.index(BEGIN) + len(BEGIN)], said[said.index(END) :]
    PAGE.write_text(head + page() + tail, encoding="utf-8")
