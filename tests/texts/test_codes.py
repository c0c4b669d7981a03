"""docs/codes.md explains every code that an answer can carry."""

from __future__ import annotations

import ast
from pathlib import Path

from tools.codes import KINDS

from covidxray_api.texts import codes
from covidxray_api.texts.answers import ANSWERS
from covidxray_api.training.gate.rules import RULES

ROOT = Path(__file__).parents[2]


def test_every_text_of_an_answer_is_that_of_a_code() -> None:
    listed = [code for _, members in KINDS.values() for code in members]

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
