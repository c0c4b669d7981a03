"""Parts of a page that a command writes, between two comments."""

from __future__ import annotations

import re
from pathlib import Path


def replaced(page: str, name: str, text: str) -> str:
    """Return a page with another text between `<!-- NAME: … -->` and `<!-- end of NAME -->`.

    Raises
    ------
    ValueError
        If the page has not one such part.
    """
    part = re.compile(rf"(<!-- {name}: [^>]*-->\n).*?(<!-- end of {name} -->\n)", re.DOTALL)
    changed, count = part.subn(lambda found: found[1] + text + found[2], page)
    if count != 1:
        raise ValueError(f"{count} parts of the page are called {name}")
    return changed


def rewrite(page: Path, name: str, text: str) -> None:
    """Write another text into a part of a page; see `replaced`."""
    page.write_text(replaced(page.read_text(encoding="utf-8"), name, text), encoding="utf-8")
