import numpy as np
import pytest

from covidxray_api.models.manifest import Preprocessing
from covidxray_api.preprocessing import network_input, preprocess


def test_films_of_any_size_become_one_tensor() -> None:
    films = [np.full((50, 80), 255, dtype=np.uint8), np.zeros((200, 90), dtype=np.uint8)]
    tensor = preprocess(films, (64, 48))
    assert tensor.shape == (2, 64, 48, 1)
    assert tensor.dtype == np.float32
    assert (tensor[0] == 1).all()
    assert (tensor[1] == 0).all()


def test_each_target_pixel_is_the_mean_of_its_area() -> None:
    film = np.random.default_rng(0).integers(0, 256, (128, 128)).astype(np.uint8)
    expected = film.reshape(64, 2, 64, 2).mean(axis=(1, 3)) / 255
    # Rounding to whole gray values is all that separates the two.
    assert np.abs(preprocess([film], (64, 64))[0, ..., 0] - expected).max() <= 0.51 / 255


def test_a_film_of_the_right_size_is_only_scaled() -> None:
    film = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_allclose(preprocess([film], (16, 16))[0, ..., 0] * 255, film, rtol=1e-6)


def test_a_view_into_a_larger_film_is_read_correctly() -> None:
    whole = np.random.default_rng(0).integers(0, 256, (100, 100)).astype(np.uint8)
    part = whole[10:70, 20:90]
    np.testing.assert_array_equal(preprocess([part], (32, 32)), preprocess([part.copy()], (32, 32)))


def test_the_steps_of_a_manifest_alone_are_those_of_the_paper() -> None:
    image = np.random.default_rng(0).integers(0, 256, (100, 90)).astype(np.uint8)
    plain = network_input([image], Preprocessing(size=(32, 24)))
    np.testing.assert_array_equal(plain, preprocess([image], (32, 24)))


def test_mean_scale_and_channels_are_data() -> None:
    white = np.full((10, 10), 255, dtype=np.uint8)
    tensor = network_input([white], Preprocessing(size=(4, 4), mean=0.5, scale=0.25, channels=3))
    assert tensor.shape == (1, 4, 4, 3)
    assert (tensor == 2).all()


def test_a_rim_is_cut_off() -> None:
    image = np.full((100, 200), 255, dtype=np.uint8)
    image[10:90, 20:180] = 0
    assert network_input([image], Preprocessing(size=(8, 8), rim=0.1)).max() == 0
    assert network_input([image], Preprocessing(size=(8, 8))).max() > 0


def test_a_low_pass_takes_fine_detail_away() -> None:
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (64, 32))
    assert network_input([stripes], Preprocessing(size=(64, 64))).std() == pytest.approx(0.5)
    smooth = network_input([stripes], Preprocessing(size=(64, 64), low_pass=16))
    assert smooth.std() < 0.01


def test_padding_keeps_the_ratio() -> None:
    white = np.full((50, 100), 255, dtype=np.uint8)
    tensor = network_input([white], Preprocessing(size=(20, 20), fit="pad"))[0, ..., 0]
    assert (tensor[:4] == 0).all()
    assert (tensor[16:] == 0).all()
    assert (tensor[6:14] == 1).all()
