import numpy as np

from covidxray_api.preprocessing import preprocess


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
