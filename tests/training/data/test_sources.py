import csv
import re
from pathlib import Path

import pytest

import covidxray_api.training
from covidxray_api.training.data.sources import DATA_SETS

ROOM = Path(covidxray_api.training.__file__).parent


def test_every_source_that_is_left_out_is_known() -> None:
    arms = (*DATA_SETS.left_out.values(), *DATA_SETS.hospitals.values())
    assert {source for arm in arms for source in arm} <= set(DATA_SETS.sources)


def test_sources_of_one_archive_are_left_out_together() -> None:
    assert DATA_SETS.archives(["rsna", "here", "nih"]) == {"nih": ["rsna", "nih"], "here": ["here"]}
    for arm in (*DATA_SETS.left_out.values(), *DATA_SETS.hospitals.values()):
        archives = {DATA_SETS.archive(source) for source in arm}
        whole = {name for name in DATA_SETS.sources if DATA_SETS.archive(name) in archives}
        assert set(arm) == whole


def test_a_source_that_is_not_listed_is_of_adults() -> None:
    assert DATA_SETS.of_children("guangzhou")
    assert not DATA_SETS.of_children("rsna")
    assert not DATA_SETS.of_children("elsewhere")


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.py")), ids=lambda path: path.stem)
def test_no_code_names_a_data_set(path: Path) -> None:
    strings = re.findall(r"[\"'](\w+)[\"']", path.read_text(encoding="utf-8"))
    kinds = {kind for tier in DATA_SETS.other_images.tiers.values() for kind in tier}
    assert not {*DATA_SETS.sources, *kinds} & set(strings)


@pytest.mark.data
def test_every_source_of_the_development_data_is_described() -> None:
    index = Path(__file__).parents[4] / "shared" / "data" / "cxr" / "index.csv"
    with index.open(newline="", encoding="utf-8") as file:
        assert {row["source"] for row in csv.DictReader(file)} == set(DATA_SETS.sources)
