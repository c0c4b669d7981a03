import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from covidxray_api.cli import app
from covidxray_api.decoding import decode
from covidxray_api.inference import LoadedModel, ModelRegistry
from covidxray_api.models.store import ModelStore
from covidxray_api.preprocessing import preprocess
from covidxray_api.settings import Settings, shipped
from covidxray_api.training.data.dataset import LIMITS
from covidxray_api.training.evaluation.saliency import (
    SHARES,
    faithfulness,
    inside_lungs,
    outside_share,
)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return ModelRegistry(ModelStore(shipped("model_store")), "multi-source").get()


@pytest.fixture
def images(examples: Path, model: LoadedModel) -> np.ndarray:
    names = ("normal", "covid_19", "viral_pneumonia")
    read = [decode((examples / f"{name}.png").read_bytes(), LIMITS).pixels for name in names]
    tensor = preprocess(read, model.manifest.input_size)
    pixels: np.ndarray = (tensor[..., 0] * 255).astype(np.uint8)
    return pixels


def test_covering_what_maps_mark_lowers_the_answer_most(
    model: LoadedModel, images: np.ndarray
) -> None:
    report = faithfulness(model, images, ["a", "b", "c"])

    everything = report["labels"].pop("all")
    assert everything["n"] == sum(found["n"] for found in report["labels"].values()) == 3
    assert everything["drop"] > everything["random_drop"]
    assert everything["deletion"] < everything["deletion_elsewhere"]
    assert everything["insertion"] > everything["insertion_elsewhere"]
    covered, moved, uncovered, _ = report["curves"]
    assert covered[0] == pytest.approx(moved[0])
    assert covered[0] == pytest.approx(uncovered[-1])
    assert len(covered) == len(SHARES)


def test_a_map_in_a_image_that_is_all_lung_lies_inside(
    model: LoadedModel, images: np.ndarray
) -> None:
    found = inside_lungs(model, images, np.full_like(images, 255))

    assert found["all"]["inside"] == pytest.approx(1)
    assert found["all"]["peak"] == found["all"]["area"] == 1


def test_the_share_outside_is_what_is_not_inside() -> None:
    found = outside_share({"n": 100, "peak": 0.51})

    assert found["value"] == pytest.approx(0.49)
    assert found["low"] < 0.49 < found["high"]
    assert found["n"] == 100


def test_explanations_need_images_with_drawn_lungs() -> None:
    result = CliRunner().invoke(app, ["evaluate", "explanation", "--data", "."])

    assert result.exit_code == 2
    assert "--masks" in result.output


@pytest.mark.data
def test_the_evaluation_in_the_docs_is_of_the_model_that_serves() -> None:
    report = json.loads(Path("docs/evaluation/explanation.json").read_text())

    serves = ModelStore(Settings().model_store).get(Settings().default_model).manifest
    assert (report["model"], report["version"]) == (serves.name, serves.version)
