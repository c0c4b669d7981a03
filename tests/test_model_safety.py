"""No file of a model runs code of its own when it is loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import keras
import pytest

from covidxray_api.errors import CorruptArtefact, DatasetError
from covidxray_api.inference.loading import keras_engine
from covidxray_api.models.manifest import Label, Preprocessing
from covidxray_api.models.store import ModelStore
from covidxray_api.training.publishing.legacy import import_network

ROOT = Path(__file__).parents[1]
UNSAFE = {"pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal", "torch"}
LIMITED = "src/covidxray_api/training/fitting/pretrained.py"
"""Reads tensors of PyTorch by an unpickler that calls nothing; its own tests hold it to that."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call in the package, the benchmarks and the examples, and where it is."""
    for folder in ("src", "benchmarks", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield str(path.relative_to(ROOT)), node


def test_keras_is_always_asked_for_its_safe_mode() -> None:
    loads = [
        (place, {word.arg: ast.unparse(word.value) for word in call.keywords})
        for place, call in calls()
        if ast.unparse(call.func).endswith("saving.load_model")
    ]

    assert len(loads) >= 4
    assert [place for place, words in loads if words.get("safe_mode") != "True"] == []


def test_nothing_lets_numpy_unpickle() -> None:
    allowed = [
        place
        for place, call in calls()
        for word in call.keywords
        if word.arg == "allow_pickle" and ast.unparse(word.value) != "False"
    ]

    assert allowed == []


def test_nothing_imports_what_runs_the_code_in_a_file() -> None:
    imported = set()
    for path in (ROOT / "src").rglob("*.py"):
        place = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {(place, alias.name.partition(".")[0]) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((place, str(node.module).partition(".")[0]))

    assert {place for place, name in imported if name in UNSAFE} == {LIMITED}


def malicious(path: Path, witness: Path) -> None:
    """Save a network whose Lambda layer would leave a witness."""

    def run(tensor: object, written: str) -> object:
        Path(written).touch()
        return tensor

    inputs = keras.Input((8, 8, 1))
    flat = keras.layers.Flatten()(inputs)
    harmful = keras.layers.Lambda(run, arguments={"written": str(witness)})
    answers = keras.layers.Dense(2, activation="softmax")(harmful(flat))
    keras.Model(inputs, answers).save(path)
    witness.unlink()


@pytest.fixture(params=[".keras", ".h5"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"model{request.param}"
    malicious(path, tmp_path / "witness")
    return path


def test_a_network_with_code_of_its_own_is_not_served(network: Path, tmp_path: Path) -> None:
    with pytest.raises(CorruptArtefact, match="no_network"):
        keras_engine(network, Preprocessing(size=(8, 8)))

    assert not (tmp_path / "witness").exists()


def test_a_network_with_code_of_its_own_is_not_imported(network: Path, tmp_path: Path) -> None:
    labels = [Label(code=code, display={"en": code, "es": code}) for code in ("a", "b")]

    with pytest.raises(DatasetError, match="network"):
        import_network(network, ModelStore(tmp_path / "store"), "harmful", labels)

    assert not (tmp_path / "witness").exists()
