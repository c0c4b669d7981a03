"""Whatever ends the node, what it has acknowledged is answered, once."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from tests.hospital.storm import rage


@pytest.mark.hospital
@pytest.mark.timeout(900)
# A peer that is killed leaves sockets that pynetdicom closes when they are collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_storm_loses_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    storm = rage(tmp_path, films=60, associations=8, kills=3)
    gc.collect()

    assert (storm.answered, storm.different, storm.waiting) == (60, 0, 0)
    assert storm.kills == 3
