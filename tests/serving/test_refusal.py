"""`covidxray serve` does not listen where everybody could call, unless told so by name, nor with
models that nobody has signed, where that is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.signing import make_keys

from covidxray_api.access.keys import Keys
from covidxray_api.api.server import check
from covidxray_api.errors import CorruptArtefact, InvalidConfiguration
from covidxray_api.models.signatures import read_signing_key, sign
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings, shipped

COMMAND = [str(Path(sys.executable).parent / "covidxray"), "serve", "--port", "0"]


def test_a_service_that_all_could_call_does_not_start() -> None:
    done = subprocess.run(
        [*COMMAND, "--host", "0.0.0.0"],  # noqa: S104 - it refuses
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "COVIDXRAY_OPEN_TO_ALL=true" in done.stderr
    assert "COVIDXRAY_KEYS" in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_is_open(host: str) -> None:
    check(Settings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.1.2.3", "xray.example", "1"])  # noqa: S104
def test_elsewhere_it_is_asked_who_calls_or_said_that_nobody_is_asked(
    host: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidConfiguration, match="open"):
        check(Settings(host=host))
    check(Settings(host=host, open_to_all=True))
    Keys(tmp_path / "keys.json").create("ward-3", ["predict"])
    check(Settings(host=host, keys=tmp_path / "keys.json"))


def test_keys_that_are_not_there_end_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="keys_unreadable"):
        check(Settings(keys=tmp_path / "none.json"))


def test_models_that_nobody_has_signed_are_not_served(tmp_path: Path) -> None:
    _, public = make_keys(tmp_path)

    done = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"COVIDXRAY_MODEL_KEYS": str(public)},
    )

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "has no signature" in done.stderr


def test_each_model_and_all_of_the_reference_have_to_be_signed(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path)
    models, reference = tmp_path / "model_store", tmp_path / "reference"
    for folder in (models, reference):
        shutil.copytree(shipped(folder.name), folder)
    settings = Settings(model_store=models, reference=reference, model_keys=public)
    folders = [path.parent for path in tmp_path.rglob("manifest.json")]
    for folder in folders:
        sign(folder, read_signing_key(private))

    assert Screener.from_settings(settings).models.find().manifest.name == "multi-source"
    for folder in folders:
        signature = folder / "SHA256SUMS.sig"
        kept = signature.read_bytes()
        signature.unlink()
        with pytest.raises(CorruptArtefact, match="unsigned"):
            Screener.from_settings(settings)
        signature.write_bytes(kept)
