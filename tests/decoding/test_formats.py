"""Each format that docs/formats.md lists is read."""

import numpy as np
import pytest
from pydicom.uid import UID
from tests.decoding.corpus import DEEP, rasters, syntaxes

from covidxray_api.decoding import Limits, decode
from covidxray_api.decoding.formats import RASTERS, TRANSFER_SYNTAXES

LIMITS = Limits(max_pixels=1_000_000, min_side=32)
SHOWN = np.rint(DEEP / 4095 * 255)


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_every_transfer_syntax_is_read(syntax: UID) -> None:
    pixels = decode(syntaxes()[syntax], LIMITS).pixels
    assert np.abs(pixels - SHOWN).max() <= 2


@pytest.mark.parametrize("name", rasters())
def test_every_raster_format_is_read(name: str) -> None:
    film = decode(rasters()[name], LIMITS)
    assert film.media_type == name.split()[0]
    assert np.abs(film.pixels - SHOWN).max() <= 2


def test_every_raster_format_has_a_file() -> None:
    assert {name.split()[0] for name in rasters()} == set(RASTERS)
