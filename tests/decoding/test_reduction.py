import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from covidxray_api.decoding import Limits, decode
from covidxray_api.decoding.reduction import reduced
from covidxray_api.inference import LoadedModel, ModelRegistry
from covidxray_api.models.store import ModelStore
from covidxray_api.radiograph import Radiograph
from covidxray_api.settings import shipped

LIMITS = Limits(max_pixels=64_000_000, min_side=32)

SIZES = [(335, 335), (671, 671), (672, 336), (1340, 670), (1344, 336), (2688, 336), (5000, 625)]


def encode(image: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, quality=90)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(("side", "expected"), SIZES)
def test_a_large_image_is_reduced(kind: str, side: int, expected: int) -> None:
    film = decode(encode(Image.new("L", (side, side)), kind), LIMITS)
    assert film.pixels.shape == (expected, expected)


def test_a_pixel_becomes_the_mean_of_its_parts_and_larger() -> None:
    halves = np.zeros((672, 672), dtype=np.uint8)
    halves[::2, ::2] = 80
    halves[1::2, 1::2] = 40
    film = reduced(Radiograph(halves, "image/png", pixel_spacing=(0.1, 0.2)), 336)
    assert film.pixels.shape == (336, 336)
    assert np.unique(film.pixels).tolist() == [30]
    assert film.pixel_spacing == (0.2, 0.4)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return ModelRegistry(ModelStore(shipped("model_store")), "multi-source").get()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("side", [700, 1024, 2048])
@pytest.mark.parametrize("name", ["normal", "covid_19", "viral_pneumonia"])
def test_the_answer_hardly_depends_on_the_reduction(
    examples: Path, model: LoadedModel, name: str, side: int, kind: str
) -> None:
    with Image.open(examples / f"{name}.png") as film:
        data = encode(film.resize((side, side), Image.Resampling.BICUBIC), kind)
    whole = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    small, large = (
        list(model.probabilities(Radiograph(pixels, "image/png")).values())
        for pixels in (decode(data, LIMITS).pixels, whole)
    )
    assert np.abs(np.subtract(small, large)).max() <= 0.02
