import keras
import numpy as np

from covidxray_api.models.decision import choose, weights_of
from covidxray_api.models.manifest import OperatingPoint
from covidxray_api.training.fitting.networks import residual
from covidxray_api.training.publishing.adjustment import adjust, adjusted, logit_offsets

CODES = ["normal", "covid_19"]


def balanced(weight: float) -> dict[str, OperatingPoint]:
    point = OperatingPoint(
        weights={"normal": 0.5, "covid_19": weight},
        target="covid_19",
        sensitivity=0.8,
        specificity=0.9,
        cases=10,
        controls=10,
    )
    return {"balanced": point}


def test_the_most_probable_label_is_the_answer_that_the_weights_gave() -> None:
    points, temperature = balanced(6.7), 0.5
    outputs = np.random.default_rng(0).dirichlet([1, 1], 500)
    calibrated = outputs ** (1 / temperature)
    calibrated /= calibrated.sum(axis=1, keepdims=True)
    after = adjusted(outputs, logit_offsets(points, CODES, temperature))
    np.testing.assert_allclose(after.sum(axis=1), 1)
    np.testing.assert_array_equal(
        after.argmax(axis=1), choose(calibrated, weights_of(CODES, points["balanced"]))
    )
    assert (after.argmax(axis=1) != calibrated.argmax(axis=1)).any()


def test_a_network_gives_up_what_was_computed_from_its_outputs() -> None:
    keras.utils.set_random_seed(0)
    network = residual((32, 32), 2)
    images = np.random.default_rng(0).random((4, 32, 32, 1), np.float32)
    before = network.predict(images, verbose=0)
    offsets = logit_offsets(balanced(6.7), CODES, 0.5)
    adjust(network, offsets)
    after = network.predict(images, verbose=0)
    np.testing.assert_allclose(after, adjusted(before, offsets), atol=1e-6)
    assert (after[:, 1] < before[:, 1]).all()


def test_equal_weights_change_no_network() -> None:
    assert not logit_offsets(balanced(0.5), CODES, 0.7).any()
