"""The first window over a file's values is what the file is shown as."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from covidxray_api.decoding import Limits, inspect, levels_of

DATA = Path(__file__).parents[3] / "shared" / "data" / "dicom"
LIMITS = Limits(max_pixels=64_000_000, min_side=32, kept_side=4096)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the development data")
def test_gray_files_of_every_kind_are_windowed_as_they_are_shown() -> None:
    compared = 0
    for path in sorted(DATA.iterdir()):
        found = inspect(path.read_bytes(), LIMITS)
        levels = levels_of(found, 4096)
        if not levels.windows:
            continue
        values = levels.least + (levels.samples.astype(np.float64) - 1) * levels.step
        shown = levels.windows[0].apply(values)
        shown = 255 - shown if levels.inverted else shown
        shown[levels.samples == 0] = 0
        np.testing.assert_allclose(shown, found.radiograph.pixels, atol=1, err_msg=path.name)
        compared += 1

    assert compared >= 20
