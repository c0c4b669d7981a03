from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tests.training.fitting.two_devices import CONFIG, plain

from covidxray_api.training.data.dataset import load_pixels, read_dataset
from covidxray_api.training.fitting.devices import devices
from covidxray_api.training.fitting.fit import ImageBatches
from covidxray_api.training.fitting.networks import NETWORKS
from covidxray_api.training.fitting.run import train


def test_one_device_is_no_strategy() -> None:
    assert devices(64) is tf.distribute.get_strategy()


def test_two_devices_make_the_network_of_one(
    indexed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NETWORKS, "residual", plain)
    images = read_dataset(indexed_folder)
    alone = train(images, load_pixels(images, CONFIG.input_size), CONFIG)

    # The devices of a process are counted when TensorFlow starts.
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.fitting.two_devices", indexed_folder, tmp_path],
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "2"
    shared = np.load(tmp_path / "weights.npz")
    for name, weights in zip(shared.files, alone.network.get_weights(), strict=True):
        np.testing.assert_allclose(shared[name], weights, atol=1e-4)
    np.testing.assert_allclose(
        np.load(tmp_path / "probabilities.npy"), alone.held_out_probabilities, atol=1e-4
    )


def test_every_device_has_a_share_of_the_last_batch(indexed_folder: Path) -> None:
    images = read_dataset(indexed_folder)
    pixels = load_pixels(images, CONFIG.input_size)
    run = CONFIG.model_copy(update={"images_per_epoch": 17, "augment": False})

    alone, shared = (
        ImageBatches(images, pixels, run, run.phases[0], shared_by) for shared_by in (1, 4)
    )

    assert [len(alone[number][0]) for number in range(3)] == [8, 8, 1]
    assert [len(shared[number][0]) for number in range(3)] == [8, 8, 4]
    np.testing.assert_array_equal(shared[0][0], alone[0][0])
    np.testing.assert_array_equal(shared[2][0], np.concatenate([alone[2][0], alone[0][0][:3]]))
