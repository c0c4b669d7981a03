"""Parts of a page that a command writes, between two comments."""

from __future__ import annotations

import re


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
