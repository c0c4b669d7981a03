"""Where a saliency map is strongest: in the lungs, or not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import CorruptArtefact
from covidxray_api.inference.engine import Engine
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.lungs import (
    FINDERS,
    LungFinder,
    Outline,
    Place,
    Spot,
    at_strongest,
    certainty,
    expected_dice,
)
from covidxray_api.models.artefacts import versions
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings, shipped
from covidxray_api.texts import LANGUAGES

LIMITS = Limits(max_pixels=1_000_000, min_side=32)
BLACK = np.zeros((80, 60), np.uint8)


class Drawn:
    """An engine that says where the lungs are, whatever it is shown."""

    def __init__(self, lungs: np.ndarray) -> None:
        self.lungs = lungs

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        return np.repeat(self.lungs[np.newaxis, ..., np.newaxis], len(tensor), axis=0)


def stored(make_engine: Callable[[Path], Engine] = OnnxEngine) -> LungFinder:
    """Return the lung finder that is served."""
    found = LungFinder.load(shipped("reference"), make_engine)
    assert found
    return found


def lungs(inside: float = 1.0) -> np.ndarray:
    """Return two lungs, as a network may find them."""
    drawn = np.zeros((64, 64), np.float32)
    for centre in (20, 44):
        cv2.ellipse(drawn, (centre, 32), (9, 22), 0, 0, 360, inside, -1)
    return drawn


def map_at(row: int, column: int) -> np.ndarray:
    """Return a map that is strongest in one of 14 by 14 cells."""
    found = np.full((14, 14), 0.2, np.float32)
    found[row, column] = 1
    return found


@pytest.mark.parametrize(
    ("found", "cell", "place"),
    [
        (lungs(), (7, 4), "inside_lungs"),
        (lungs(), (7, 9), "inside_lungs"),
        (lungs(), (7, 0), "outside_lungs"),
        (lungs(), (0, 4), "outside_lungs"),
        (lungs(), (7, 2), "undetermined"),
        (lungs(0.55), (7, 4), "undetermined"),
        (lungs(0.0), (7, 4), "undetermined"),
    ],
)
def test_it_is_said_where_a_map_is_strongest(
    found: np.ndarray, cell: tuple[int, int], place: Place
) -> None:
    finder = stored(lambda _: Drawn(found))

    spot = finder.spot(finder.find(BLACK), map_at(*cell))

    assert spot == Spot(place, finder.manifest.right.get(place), finder.manifest.version)
    assert (spot.right is None) == (place == "undetermined")


def filled(outlines: tuple[Outline, ...]) -> np.ndarray:
    """Return what outlines enclose, in a picture of 64 by 64."""
    drawn = np.zeros((64, 64), np.uint8)
    for outline in outlines:
        cv2.fillPoly(drawn, [(np.array(outline) * 64).astype(np.int32)], 1)
    return drawn > 0


def test_outlines_enclose_what_is_found() -> None:
    found = lungs()
    found[2:4, 60:62] = 1  # too small for a lung
    outlines = stored().outlines(found)

    assert len(outlines) == 2
    assert all(4 < len(outline) < 80 for outline in outlines)
    enclosed, drawn = filled(outlines), lungs() > 0.5
    assert 2 * (enclosed & drawn).sum() / (enclosed.sum() + drawn.sum()) > 0.95


def test_where_no_lungs_are_found_none_are_outlined() -> None:
    assert stored().outlines(lungs(0.3)) == ()
    assert stored().outlines(lungs(0.55)) == ()


def test_outlines_lie_on_the_image_as_it_was_sent(mapped: bytes) -> None:
    pixels = decode(mapped, LIMITS).pixels
    _, turned = cv2.imencode(".png", np.rot90(pixels))
    screener = Screener.from_settings(Settings())

    straight = screener.explain(mapped).explanation
    found = screener.explain(turned.tobytes()).explanation

    assert straight
    assert straight.lungs
    assert found
    assert found.lungs
    upright = np.rot90(filled(found.lungs), -1)
    assert (upright & filled(straight.lungs)).sum() / (upright | filled(straight.lungs)).sum() > 0.9


def test_the_dice_coefficient_that_is_expected_is_of_what_is_found() -> None:
    assert expected_dice(lungs()) == pytest.approx(1)
    assert expected_dice(lungs(0.6)) == pytest.approx(0.75)
    assert expected_dice(lungs(0.0)) == 0


def test_what_is_half_lung_is_least_certain() -> None:
    assert [certainty(share) for share in (0.0, 0.25, 0.5, 1.0)] == [1, 0.75, 0.5, 1]


def test_a_cell_is_lung_by_its_share() -> None:
    half = np.zeros((64, 64), np.float32)
    half[:, :32] = 1
    assert at_strongest(map_at(3, 2), half) == 1
    assert at_strongest(map_at(3, 11), half) == 0


def test_the_network_is_loaded_with_the_first_map() -> None:
    made = []

    def make(path: Path) -> Engine:
        made.append(path)
        return OnnxEngine(path)

    finder = stored(make)
    assert made == []
    for _ in range(2):
        finder.find(BLACK)
    assert made == [finder.network]


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_the_lungs_are_looked_for_on_the_upright_film(mapped: bytes, quarters: int) -> None:
    pixels = decode(mapped, LIMITS).pixels
    _, turned = cv2.imencode(".png", np.rot90(pixels, quarters))
    screener = Screener.from_settings(Settings())

    found = screener.explain(turned.tobytes()).explanation
    straight = screener.explain(mapped).explanation

    assert found is not None
    assert straight is not None
    assert found.spot == straight.spot
    assert found.spot is not None


def test_a_reference_without_a_lung_finder_serves_maps_without_the_statement(
    mapped: bytes, tmp_path: Path
) -> None:
    without = shutil.ignore_patterns(FINDERS)
    shutil.copytree(shipped("reference"), tmp_path / "reference", ignore=without)

    found = Screener.from_settings(Settings(reference=tmp_path / "reference")).explain(mapped)

    assert found.explanation is not None
    assert found.explanation.map is not None
    assert found.explanation.spot is None
    assert found.explanation.lungs is None


def test_a_lung_finder_that_is_not_the_published_one_is_not_served(tmp_path: Path) -> None:
    shutil.copytree(shipped("reference"), tmp_path / "reference")
    (newest,) = versions(tmp_path / "reference" / FINDERS)[-1:]
    with (newest / "model.onnx").open("ab") as network:
        network.write(b"\0")

    with pytest.raises(CorruptArtefact, match="hash"):
        Screener.from_settings(Settings(reference=tmp_path / "reference"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_with_a_map_says_it(service: httpx.Client, mapped: bytes, language: str) -> None:
    headers = {"Accept-Language": language}
    said = service.post("/explain", content=mapped, headers=headers).json()["explanation"]

    spot = said["strongest_spot"]
    finder = stored()
    values = np.array(said["map"]["values"], np.float32)
    expected = finder.spot(finder.find(decode(mapped, LIMITS).pixels), values)
    assert (spot["code"], spot["lung_finder"]) == (expected.place, finder.manifest.version)
    outlines = finder.outlines(finder.find(decode(mapped, LIMITS).pixels))
    given = tuple(tuple((at["x"], at["y"]) for at in outline) for outline in said["lungs"])
    assert given == outlines
    assert {"en": "On this image", "es": "En esta imagen"}[language] in spot["message"]


def test_without_a_map_there_is_no_strongest_spot(service: httpx.Client, unmapped: bytes) -> None:
    params = {"model": "multi-source-fast", "label": "viral_pneumonia"}
    said = service.post("/explain", content=unmapped, params=params).json()["explanation"]

    assert said["map"] is None
    assert said["strongest_spot"] is None
    assert said["lungs"] is None
