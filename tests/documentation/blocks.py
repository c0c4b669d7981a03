"""The code blocks of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
RUN = ("sh", "python")
"""Languages of blocks that are run."""

FENCE = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```\n"
    r"(?:\n^```text\n(?P<output>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences."""

    page: Path
    language: str
    text: str
    note: str
    """Comment in the line before; empty if there is none."""

    output: str
    """What it is said to print, where a block of `text` follows; “…” stands for anything."""

    @property
    def runs_here(self) -> bool:
        """Whether it is run as it stands."""
        elsewhere = self.note.startswith(("not run here: ", "run by "))
        return self.language in RUN and not elsewhere


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page."""
    for found in FENCE.finditer(page.read_text(encoding="utf-8") + "\n"):
        yield Block(
            page,
            found["language"],
            found["text"],
            found["note"] or "",
            found["output"] or "",
        )
