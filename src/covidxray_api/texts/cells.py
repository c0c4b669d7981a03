"""Words in a spreadsheet."""

from __future__ import annotations

from typing import Any


def cell(value: Any) -> Any:
    """Keep a spreadsheet from taking words for a formula: an apostrophe comes before them."""
    return f"'{value}" if isinstance(value, str) and value.startswith(tuple("=+-@\t\r")) else value
