from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from covidxray_api.errors import CorruptArtefact, CovidXrayError, UnknownModel, kinds
from covidxray_api.texts.problems import PROBLEMS, advice, detail

PACKAGE = Path(__file__).parents[2] / "src" / "covidxray_api"


def raised() -> list[tuple[str, str, set[str]]]:
    """Code, reason and facts of each error that the package makes with a literal reason."""
    codes = {kind.__name__: kind.code for kind in kinds()}
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name not in codes or (node.args and not isinstance(node.args[0], ast.Constant)):
                continue
            reason = node.args[0].value if node.args else ""  # type: ignore[attr-defined]
            found.append((codes[name], reason, {word.arg or "" for word in node.keywords}))
    return found


@pytest.mark.parametrize(("code", "reason", "facts"), raised())
def test_an_error_has_its_sentence_in_both_languages(
    code: str, reason: str, facts: set[str]
) -> None:
    sentence = PROBLEMS[code].details[reason]

    for text in sentence.values():
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert named <= facts
    assert set(sentence) == {"en", "es"}


def test_every_code_has_its_texts() -> None:
    assert set(PROBLEMS) == {kind.code for kind in kinds()}
    for text in PROBLEMS.values():
        assert set(text.title) == set(text.advice) == {"en", "es"}


def test_a_detail_names_the_facts() -> None:
    error = UnknownModel(name="x", known=())

    assert detail(error, "en") == "There is no model named 'x'; stored are: none."
    assert detail(error, "es") == "No hay ningún modelo llamado 'x'; están: ninguno."


def test_the_command_line_is_not_sent_to_an_endpoint() -> None:
    for code in PROBLEMS:
        if code not in ("overloaded", "not-ready", "not-explained", "missing-file"):
            assert "/models" not in advice(code, "en", "command_line")
            assert "GET" not in advice(code, "en", "command_line")


def test_a_log_line_has_code_reason_and_facts() -> None:
    assert str(CorruptArtefact("hash", path="m")) == "corrupt-artefact (hash): path=m"
    assert str(CovidXrayError()) == "internal-error"
