"""What the faults have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Note = Callable[..., None]


@pytest.fixture
def films(examples: Path) -> list[bytes]:
    """Radiographs of which no two have the same answer."""
    names = ("normal", "covid_19", "viral_pneumonia")
    return [(examples / f"{name}.png").read_bytes() for name in names]


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Note a row of the table in docs/reliability.md."""

    def write(case: str, caller: str, log: str, recovery_s: float | None = None) -> None:
        record_property("case", case)
        record_property("caller", caller)
        record_property("log", log)
        record_property("recovery", "–" if recovery_s is None else f"{recovery_s:.1f} s")

    return write
