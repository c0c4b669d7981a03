import cv2
import numpy as np
import pytest

from covidxray_api.training.data import augmentation as a


@pytest.fixture
def image() -> np.ndarray:
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    return np.add.outer(ramp // 2, ramp // 2).astype(np.uint8)


@pytest.fixture
def donor() -> np.ndarray:
    bright: np.ndarray = np.random.default_rng(1).integers(180, 256, (64, 64)).astype(np.uint8)
    return bright


def test_same_chance_gives_the_same_image(image: np.ndarray, donor: np.ndarray) -> None:
    once = a.augment(image, donor, np.random.default_rng(7))
    again = a.augment(image, donor, np.random.default_rng(7))
    assert (once == again).all()
    assert (once.shape, once.dtype) == (image.shape, image.dtype)
    assert (once != image).any()


def test_a_image_is_never_changed_in_place(image: np.ndarray, donor: np.ndarray) -> None:
    before = image.copy()
    for seed in range(50):
        a.augment(image, donor, np.random.default_rng(seed))
    assert (image == before).all()


def test_lent_tones_bring_the_histogram_to_the_donor(image: np.ndarray, donor: np.ndarray) -> None:
    lent = cv2.LUT(image, a.lent_tones(image, donor, share=1.0))
    assert abs(float(lent.mean()) - float(donor.mean())) < 3
    kept = cv2.LUT(image, a.lent_tones(image, donor, share=0.0))
    assert (kept == image).all()


def test_lent_tones_and_random_tones_keep_the_order_of_grays(
    image: np.ndarray, donor: np.ndarray
) -> None:
    curves = [a.lent_tones(image, donor, 0.7), a.random_tones(np.random.default_rng(3))]
    assert all((np.diff(curve.astype(int)) >= 0).all() for curve in curves)


def test_low_frequencies_of_the_image_itself_change_nothing(image: np.ndarray) -> None:
    same = a.lend_low_frequencies(image, image, np.random.default_rng(0))
    assert np.abs(same.astype(int) - image).max() <= 1


def test_framing_keeps_the_middle_near_the_middle() -> None:
    image = np.zeros((100, 100), dtype=np.uint8)
    image[45:55, 45:55] = 255
    for seed in range(100):
        rows, columns = np.nonzero(a.frame(image, np.random.default_rng(seed)) > 127)
        assert np.hypot(rows.mean() - 49.5, columns.mean() - 49.5) < 15
