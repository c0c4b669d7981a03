"""The distance that a compiled network tells is that of its own features."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.training.fitting.networks import residual, seed_cnn
from covidxray_api.training.publishing.attribution import add_evidence
from covidxray_api.training.publishing.compilation import compile_network
from covidxray_api.training.publishing.distance import (
    Sources,
    add_distance,
    pooled,
    whitening,
)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return residual((112, 112), 3)


def images(n: int) -> np.ndarray:
    return np.random.default_rng(n).random((n, 112, 112, 1), np.float32)


def drawn(n: int, *centres: list[float]) -> tuple[np.ndarray, list[str]]:
    """Features of sources around their centres, with one covariance."""
    rng = np.random.default_rng(0)
    mixed = np.array([[1, 0.5, 0], [0, 2, 0.3], [0, 0, 0.5]])
    found = [rng.normal(size=(n, 3)) @ mixed + centre for centre in centres]
    return np.concatenate(found), [f"source {at}" for at in range(len(centres)) for _ in range(n)]


def test_it_is_the_difference_of_two_mahalanobis_distances() -> None:
    features, origins = drawn(4000, [0, 0, 0], [9, 0, 1], [0, 12, -2])
    asked = np.array([[0, 0, 0], [9, 0, 1], [30, 30, 30], [4, 6, 0]], float)

    found = Sources.of(features, origins).distances(asked)

    centres = [features[at : at + 4000].mean(axis=0) for at in (0, 4000, 8000)]
    within = np.cov((features - np.repeat(centres, 4000, axis=0)).T)
    expected = [
        min(mahalanobis(each, centre, np.linalg.inv(within)) ** 2 for centre in centres)
        - mahalanobis(each, features.mean(axis=0), np.linalg.inv(np.cov(features.T))) ** 2
        for each in asked
    ]
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)


def test_between_the_sources_is_farther_than_in_one() -> None:
    features, origins = drawn(500, [0, 0, 0], [9, 0, 1], [0, 12, -2])
    sources = Sources.of(features, origins)

    inside, between, beyond = sources.distances(np.array([[9, 0, 1], [4, 6, 0], [40, 40, 0]]))
    assert inside < 0 < between < beyond


def test_an_axis_on_which_radiographs_hardly_differ_does_not_decide() -> None:
    features = np.random.default_rng(0).normal(0, [1, 1e-9], (2000, 2))

    assert np.abs([0, 1e-6] @ whitening(features)).max() < 1e-3
    white = features @ whitening(features)
    assert np.var(white, axis=0).max() == pytest.approx(1, rel=0.01)


def test_the_compiled_network_tells_the_distance_of_its_features(
    network: keras.Model, tmp_path: Path
) -> None:
    path, features = tmp_path / "model.onnx", pooled(network)
    assert features is not None
    compile_network(network, path)
    add_evidence(path)
    before = OnnxEngine(path)
    sources = Sources.of(features.predict(images(60), verbose=0), ["a", "b", "c"] * 20)

    add_distance(path, sources)

    engine, asked = OnnxEngine(path), images(5)
    answers, distances = engine.infer_measured(asked)
    expected = sources.distances(features.predict(asked, verbose=0))
    np.testing.assert_allclose(distances, expected, rtol=1e-3, atol=1e-3)
    assert engine.measures
    assert not before.measures
    # What the network answers is not touched.
    np.testing.assert_array_equal(answers, before.infer(asked))
    np.testing.assert_array_equal(answers, engine.infer(asked))
    contrast = np.array([[1, -0.5, -0.5]], np.float32)
    np.testing.assert_array_equal(
        engine.evidence(asked, contrast), before.evidence(asked, contrast)
    )


def test_a_network_that_pools_nothing_has_no_features() -> None:
    assert pooled(seed_cnn((64, 64), 3)) is None
