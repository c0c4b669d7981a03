"""The gate's decisions around a network whose answers the test chooses, and the shipped gate."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from covidxray_api.consistency import Finding, Gate, Reference
from covidxray_api.consistency.gate import GateManifest, Signals, Weights
from covidxray_api.consistency.ssim import SsimParameters
from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import CorruptArtefact
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.radiograph import Radiograph
from covidxray_api.settings import shipped
from covidxray_api.training.evaluation.gate import made
from covidxray_api.training.gate.rules import FINDINGS_OF_KINDS, RULES, TURNS

UPRIGHT = (1, 0, 0, 0)
FRONTAL = (0.98, 0.01, 0, 0, 0.01)


def said(
    kinds: tuple[float, ...] = FRONTAL,
    turns: tuple[float, ...] = UPRIGHT,
    inverted: float = 0,
    distance: float = 1,
) -> tuple[float, ...]:
    return (*kinds, *turns, inverted, distance)


class Answers:
    """An engine that gives the answers of the test, one after the other, and keeps what it saw."""

    def __init__(self, *answers: tuple[float, ...]) -> None:
        self._answers = list(answers)
        self.seen: list[NDArray[np.float32]] = []

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        self.seen.append(tensor)
        return np.array([self._answers.pop(0)], dtype=np.float32)


def gate_with(engine: Answers) -> Gate:
    manifest = GateManifest(
        version="1",
        input_size=(32, 32),
        weights=Weights(frontal=1, distance=-1, ssim=0, bias=0),
        threshold=0.9,
        threshold_rule="of the test",
        rules=RULES,
        kinds=FINDINGS_OF_KINDS,
        turns=TURNS,
        training={},
        files={},
    )
    mean = np.random.default_rng(0).random((32, 32), dtype=np.float32)
    return Gate(manifest, engine, Reference(mean, SsimParameters(), 0.5))


@pytest.fixture
def film() -> Radiograph:
    pixels = np.random.default_rng(1).integers(0, 256, (128, 160)).astype(np.uint8)
    return Radiograph(pixels, "image/png")


def test_a_frontal_film_is_accepted_as_it_is(film: Radiograph) -> None:
    found, same = gate_with(Answers(said())).check(film)
    assert found.consistent
    assert found.score == pytest.approx(0.98)
    assert found.least_score == 0.9
    assert found.findings == ()
    np.testing.assert_array_equal(same.pixels, film.pixels)


def test_what_is_far_from_films_is_refused(film: Radiograph) -> None:
    found, _ = gate_with(Answers(said(distance=10))).check(film)
    assert not found.consistent
    assert found.score == pytest.approx(0.98 / 0.02 / 10 / (1 + 0.98 / 0.02 / 10))


@pytest.mark.parametrize(("turn", "quarters"), [(90, 1), (180, 2), (270, 3)])
def test_a_turned_film_is_turned_upright(film: Radiograph, turn: int, quarters: int) -> None:
    turns = tuple(float(turn == other) for other in (0, 90, 180, 270))
    engine = Answers(said(turns=turns), said())
    found, upright = gate_with(engine).check(film)
    assert found.consistent
    assert found.findings == (Finding(f"rotated_{turn}", "corrected"),)
    np.testing.assert_array_equal(np.rot90(upright.pixels, -quarters), film.pixels)


def test_a_film_turned_and_inverted_is_undone_at_once(film: Radiograph) -> None:
    engine = Answers(said(turns=(0, 0, 1, 0), inverted=0.99), said())
    found, corrected = gate_with(engine).check(film)
    assert [item.code for item in found.findings] == ["rotated_180", "inverted"]
    np.testing.assert_array_equal(255 - np.rot90(corrected.pixels, 2), film.pixels)


@pytest.mark.parametrize(
    "second", [said(turns=(0, 1, 0, 0)), said(inverted=0.99), said((0.3, 0, 0, 0, 0.7))]
)
def test_what_is_no_better_when_corrected_stays_as_it_is(
    film: Radiograph, second: tuple[float, ...]
) -> None:
    found, same = gate_with(Answers(said(turns=(0, 0, 1, 0)), second)).check(film)
    assert found.findings == ()
    np.testing.assert_array_equal(same.pixels, film.pixels)


@pytest.mark.parametrize(
    ("kinds", "codes"),
    [
        ((0.1, 0.9, 0, 0, 0), ["lateral"]),
        ((0.1, 0, 0.9, 0, 0), ["cropped"]),
        ((0.1, 0, 0, 0.9, 0), ["not_an_image_of_one_film"]),
        ((0.1, 0, 0, 0, 0.9), []),
        ((0.3, 0.4, 0.3, 0, 0), []),
    ],
)
def test_a_refused_image_is_named_where_the_network_is_sure(
    film: Radiograph, kinds: tuple[float, ...], codes: list[str]
) -> None:
    found, _ = gate_with(Answers(said(kinds))).check(film)
    assert not found.consistent
    assert [item.code for item in found.findings] == codes


def test_a_finding_that_refuses_outweighs_the_score(film: Radiograph) -> None:
    ct = Radiograph(film.pixels, "application/dicom", modality="CT")
    found, _ = gate_with(Answers(said())).check(ct)
    assert found.score is not None
    assert found.score > 0.9
    assert not found.consistent


def test_the_score_is_a_logistic_regression_on_its_terms() -> None:
    weights = Weights(frontal=2, distance=-3, ssim=4, bias=0.5)
    total = 2 * np.log(0.8 / 0.2) - 3 * np.log(1.5) + 4 * 0.3 + 0.5
    score = weights.score(Signals(frontal=0.8, distance=1.5, ssim=0.3))
    assert score == pytest.approx(1 / (1 + np.exp(-total)))
    assert 0 <= weights.score(Signals(0.0, 0.0, 0.0)) <= 1


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate.load(shipped("reference"), OnnxEngine)


def test_the_shipped_gate_refuses_what_no_one_took(gate: Gate) -> None:
    pictures = made(gate.reference.mean)
    accepted = [
        name
        for name, picture in pictures.items()
        if gate.check(Radiograph(picture, "image/png"))[0].consistent
    ]
    assert len(pictures) >= 10
    assert accepted == []


@pytest.mark.parametrize("name", ["normal", "covid_19", "viral_pneumonia"])
def test_the_shipped_gate_sets_right_what_was_turned_and_inverted(
    gate: Gate, examples: Path, name: str
) -> None:
    film = decode((examples / f"{name}.png").read_bytes(), Limits(1_000_000, 32))
    assert gate.check(film)[0].consistent
    for turn in (90, 180, 270):
        turned = np.ascontiguousarray(255 - np.rot90(film.pixels, -turn // 90))
        found, corrected = gate.check(Radiograph(turned, "image/png"))
        assert found.consistent
        assert [item.code for item in found.findings] == [f"rotated_{turn}", "inverted"]
        np.testing.assert_array_equal(corrected.pixels, film.pixels)


def drop_manifest(home: Path) -> None:
    (home / "manifest.json").unlink()


def change_network(home: Path) -> None:
    (home / "model.onnx").write_bytes(b"another network")


def drop_network(home: Path) -> None:
    (home / "model.onnx").unlink()


@pytest.mark.parametrize("damage", [drop_manifest, change_network, drop_network])
def test_a_damaged_gate_is_refused(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "reference"
    shutil.copytree(shipped("reference"), folder)
    for manifest in list((folder / "gate").glob("*/manifest.json")):
        damage(manifest.parent)
    with pytest.raises(CorruptArtefact):
        Gate.load(folder, OnnxEngine)
