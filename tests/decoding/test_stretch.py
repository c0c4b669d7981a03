from __future__ import annotations

import numpy as np
import pytest

from covidxray_api.decoding.stretch import histogram


@pytest.mark.parametrize("dtype", ["u1", "u2", "i1", "i2"])
@pytest.mark.parametrize("bits", [4, 8, 12])
@pytest.mark.parametrize("part", [False, True])
def test_every_value_is_counted_whatever_bits_are_stated(dtype: str, bits: int, part: bool) -> None:
    info = np.iinfo(dtype)
    values = np.random.default_rng(0).integers(info.min, info.max, (40, 50), endpoint=True)
    image = values.astype(dtype)
    seen = values % 3 == 0 if part else None

    counts = histogram(image, min(bits, info.bits), seen)

    shown = image if seen is None else image[seen]
    unsigned = np.ascontiguousarray(shown).view(f"u{image.dtype.itemsize}").ravel()
    assert np.array_equal(counts, np.bincount(unsigned, minlength=2**info.bits))
