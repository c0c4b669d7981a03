"""docs/scaling.md says what was measured."""

from __future__ import annotations

import pytest
from benchmarks.scaling import PAGE, page
from benchmarks.sections import replaced


def test_the_page_has_the_figures_of_its_files() -> None:
    written = PAGE.read_text(encoding="utf-8")

    assert page(written) == written, "run `python -m benchmarks.scaling`"


def test_a_part_of_a_page_is_replaced_alone() -> None:
    before = "One.\n<!-- made: by a command -->\n1\n<!-- end of made -->\nTwo.\n"

    assert replaced(before, "made", "2\\1\n") == before.replace("\n1\n", "\n2\\1\n")
    with pytest.raises(ValueError, match="0 parts"):
        replaced(before, "missing", "")
