"""What the node is told to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydicom import Dataset

from covidxray_api.errors import InvalidConfiguration
from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.door import check
from covidxray_api.hospital.node.routing import Route, route

PEER = '[[peers]]\nae_title = "CT"\n'
PACS = """
[[destinations]]
name = "pacs"
kind = "dimse"
ae_title = "PACS"
host = "127.0.0.1"
port = 104
"""


def read(text: str, tmp_path: Path) -> NodeConfig:
    file = tmp_path / "node.toml"
    file.write_text(text, encoding="utf-8")
    return NodeConfig.read(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = ", "unreadable"),
        ("prot = 104", "entry=prot"),
        ('ae_title = "back\\\\slash"', "entry=ae_title"),
        ("port = 70000", "entry=port"),
        (PACS + PACS, "entry=destinations"),
        (PACS.replace("dimse", "email"), "entry=destinations.0"),
        ('[[rules]]\ndestinations = ["ris"]', "entry=rules.0.destinations"),
        ('keep_films = "sometimes"', "entry=keep_films"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=re.escape(said)):
        read(text, tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="unreadable"):
        NodeConfig.read(tmp_path / "node.toml")


@pytest.mark.parametrize(
    "text",
    [
        'host = "::1"',
        'host = "0.0.0.0"\nopen_to_all = true',
        'host = "0.0.0.0"\n' + PEER + 'host = "10.0.0.5"',
    ],
)
def test_it_listens_where_it_can_tell_who_calls(text: str, tmp_path: Path) -> None:
    assert check(read(text, tmp_path)) is None


@pytest.mark.parametrize("text", ['host = "0.0.0.0"', 'host = "10.0.0.9"\n' + PEER])
def test_it_does_not_listen_where_anybody_could_call(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="node_open"):
        check(read(text, tmp_path))


@pytest.mark.parametrize("text", ['tls_peers = "x"', 'tls_certificate = "x"'])
def test_half_of_tls_is_none(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="node_tls"):
        check(read(text, tmp_path))


def film(**facts: str) -> Dataset:
    dataset = Dataset()
    for name, value in facts.items():
        setattr(dataset, name, value)
    return dataset


RULES = """
otherwise = "refuse"
[[rules]]
calling = ["XA1"]
action = "ignore"
[[rules]]
modality = ["CR", "DX"]
body_part = ["chest", ""]
view = ["PA", "AP"]
"""


@pytest.mark.parametrize(
    ("facts", "calling", "expected"),
    [
        ({"Modality": "DX", "ViewPosition": "PA"}, "ROOM", Route("screen", ("pacs",))),
        (
            {"Modality": "CR", "ViewPosition": "AP", "BodyPartExamined": "CHEST "},
            "ROOM",
            Route("screen", ("pacs",)),
        ),
        ({"Modality": "DX", "ViewPosition": "PA"}, "XA1", Route("ignore")),
        ({"Modality": "DX", "ViewPosition": "LL"}, "ROOM", Route("refuse")),
        (
            {"Modality": "DX", "ViewPosition": "PA", "BodyPartExamined": "HAND"},
            "R",
            Route("refuse"),
        ),
        ({}, "ROOM", Route("refuse")),
    ],
)
def test_the_first_rule_that_fits_holds(
    facts: dict[str, str], calling: str, expected: Route, tmp_path: Path
) -> None:
    assert route(film(**facts), calling, read(RULES + PACS, tmp_path)) == expected


def test_radiographs_are_screened_where_no_rule_is_given(tmp_path: Path) -> None:
    config = read(PACS, tmp_path)

    assert route(film(Modality="DX"), "ANY", config) == Route("screen", ("pacs",))
    assert route(film(Modality="CT"), "ANY", config) == Route("ignore")
    every = read('otherwise = "screen"\n' + PACS, tmp_path)
    assert route(film(Modality="CT"), "ANY", every) == Route("screen", ("pacs",))
