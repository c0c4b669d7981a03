"""The languages that the service speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Language = Literal["en", "es"]

LANGUAGES: tuple[Language, ...] = get_args(Language)

Text = Mapping[Language, str]
"""A sentence in every language."""
