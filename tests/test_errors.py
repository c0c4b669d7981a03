"""Errors reach other processes whole."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from covidxray_api.errors import CovidXrayError, kinds


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.code)
def test_an_error_is_the_same_in_another_process(kind: type[CovidXrayError]) -> None:
    error = kind("reason", path=Path("film.png"), limit=3)

    found = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert type(found) is kind
    assert (found.reason, found.facts, str(found)) == ("reason", error.facts, str(error))
