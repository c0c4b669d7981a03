from pathlib import Path

import numpy as np
import pytest

from covidxray_api.inference import ModelRegistry
from covidxray_api.models.store import ModelStore
from covidxray_api.radiograph import Radiograph
from covidxray_api.training.data.dataset import LabelledImage, load_pixels, read_dataset
from covidxray_api.training.evaluation.classifier import evaluate, predict_unseen
from covidxray_api.training.fitting.abnormal import fit_head, told_apart_left_out
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.run import train
from covidxray_api.training.publishing.publication import fit_abnormal, publish, recalibrate


def images_of(source: str, label: str, n: int) -> list[LabelledImage]:
    return [
        LabelledImage(Path(f"{source}-{label}-{i}"), label, source, f"{source}{label}{i}")
        for i in range(n)
    ]


def features_of(images: list[LabelledImage], rng: np.random.Generator) -> np.ndarray:
    """One feature tells normal from abnormal, one the source, and six tell nothing."""
    features = rng.normal(0, 1, (len(images), 8)).astype(np.float32)
    features[:, 0] += [3 * (image.label != "normal") for image in images]
    features[:, 1] += [9 * (image.source == "tbx11k") for image in images]
    return features


def test_a_source_counts_by_the_root_of_its_size() -> None:
    rng = np.random.default_rng(0)
    images = [
        *images_of("nih", "normal", 400),
        *images_of("nih", "other_finding", 100),
        *images_of("tbx11k", "other_finding", 900),
    ]
    weights, bias = fit_head(features_of(images, rng), images)
    assert weights[0] > 3 * np.abs(weights[2:]).max()
    fresh = images_of("nih", "normal", 500)
    normal = features_of(fresh, rng) @ weights + bias
    sick = features_of(images_of("nih", "other_finding", 500), rng) @ weights + bias
    assert normal.mean() < sick.mean()


def test_findings_of_an_archive_are_judged_by_what_was_learned_elsewhere() -> None:
    rng = np.random.default_rng(1)
    images = [
        *images_of("nih", "normal", 300),
        *images_of("nih", "other_finding", 300),
        *images_of("openist", "normal", 80),
        *images_of("tbx11k", "other_finding", 200),
        *images_of("guangzhou", "normal", 100),
    ]
    found = told_apart_left_out(features_of(images, rng), images)
    assert found.keys() == {"nih", "tbx11k"}
    assert (found["nih"]["abnormal"], found["nih"]["normal"]) == (300, 300)
    assert (found["tbx11k"]["abnormal"], found["tbx11k"]["normal"]) == (200, 80)
    assert found["tbx11k"]["auroc"] > 0.9


def test_nine_in_ten_normal_adults_stay_below_the_cut_off() -> None:
    images = [
        *images_of("nih", "normal", 1000),
        *images_of("guangzhou", "normal", 50),
        *images_of("tbx11k", "other_finding", 100),
        *images_of("wingspan", "other_finding", 100),
    ]
    scores = np.r_[np.linspace(0, 0.5, 1000), np.ones(50), np.full(100, 0.6), np.zeros(100)]
    rule = fit_abnormal(images, scores)
    assert rule.cut_off == pytest.approx(0.45, abs=0.001)
    assert rule.specificity == pytest.approx(0.9)
    assert rule.sensitivity == 1
    assert (rule.controls, rule.cases) == (1000, 100)


def test_a_stored_model_scores_what_is_not_normal(
    indexed_folder: Path, config: TrainingConfig, tmp_path: Path
) -> None:
    images = read_dataset(indexed_folder)
    pixels = load_pixels(images, config.input_size)
    run = config.model_copy(update={"network": "residual", "epochs": 4, "abnormal": True})
    store = ModelStore(tmp_path)
    trained = train(images, pixels, run)
    assert trained.held_out_abnormal is not None
    publish(trained, store, images)
    model = ModelRegistry(store, "drawn").get()
    answer = model.answer(Radiograph(pixels[0], "image/png"))
    assert answer.probabilities.keys() == {"normal", "covid_19", "viral_pneumonia"}
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.abnormal is not None
    unseen = predict_unseen(model, images, pixels)
    report = evaluate(unseen)["abnormal"]
    assert report["looks_abnormal"].keys() == {"here", "there"}
    for label in ("covid_19", "viral_pneumonia"):
        assert 0 <= report["auroc"]["here"][label]["value"] <= 1
    rule, again = (
        each.abnormal for each in (model.manifest, recalibrate(model, images, store).manifest)
    )
    assert rule is not None
    assert again is not None
    assert again.cut_off == pytest.approx(rule.cut_off, abs=1e-3)
