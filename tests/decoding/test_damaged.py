"""Damaged files end in an image or in a refusal, whatever is damaged."""

import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.decoding.corpus import corpus, damaged

from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import RadiographError

LIMITS = Limits(max_pixels=1_000_000, min_side=32)
NAMES = list(corpus())


@given(st.sampled_from(NAMES), st.integers(0, 2**32 - 1))
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
def test_damage_ends_in_an_image_or_in_a_refusal(name: str, seed: int) -> None:
    try:
        pixels = decode(damaged(corpus()[name], seed), LIMITS).pixels
    except RadiographError:
        return
    assert pixels.dtype == "uint8"
    assert pixels.size <= LIMITS.max_pixels


@pytest.mark.fuzz
def test_a_minute_of_damaged_files() -> None:
    seed = first = int.from_bytes(os.urandom(4))
    end = time.monotonic() + 60
    while time.monotonic() < end:
        begun = time.monotonic()
        test_damage_of = NAMES[seed % len(NAMES)]
        try:
            decode(damaged(corpus()[test_damage_of], seed), LIMITS)
        except RadiographError:
            pass
        except Exception as error:
            pytest.fail(f"{test_damage_of}, seed {seed}: {error!r}")
        assert time.monotonic() - begun < 5, f"{test_damage_of}, seed {seed}"
        seed += 1
    assert seed > first + 100
