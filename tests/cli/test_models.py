"""What the command line says of stored models."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.signing import make_keys
from typer.testing import CliRunner, Result

from covidxray_api.cli import app
from covidxray_api.models.artefacts import hashed
from covidxray_api.models.manifest import Manifest
from covidxray_api.models.signatures import read_signing_key
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import shipped

Run = Callable[..., Result]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with one model."""
    name = "multi-source-fast"
    shutil.copytree(shipped("model_store") / name, tmp_path / "store" / name)
    monkeypatch.setenv("COVIDXRAY_MODEL_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def folder(store: Path) -> Path:
    """The folder of its newest version."""
    return ModelStore(store).folder("multi-source-fast")


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, words)])


class TestShow:
    def test_manifest_and_card_for_people(self, store: Path) -> None:
        result = run("show", "multi-source-fast")

        stored = ModelStore(store).get("multi-source-fast")
        assert result.exit_code == 0
        for said in ("multi-source-fast 1", "screening: sensitivity", "112", "Known limits"):
            assert said in result.stdout
        joined = "".join(result.stdout.replace("│", " ").split())
        for sha256 in (stored.sha256, *stored.manifest.files.values()):
            assert sha256 in joined

    def test_all_of_it_for_programs(self, store: Path) -> None:
        shown = json.loads(run("show", "multi-source-fast/1", "--json").stdout)

        stored = ModelStore(store).get("multi-source-fast", "1")
        assert Manifest.model_validate(shown["manifest"]) == stored.manifest
        assert shown == {
            "sha256": stored.sha256,
            "manifest": shown["manifest"],
            "evidence": stored.evidence,
            "card": stored.card,
        }

    @pytest.mark.parametrize("model", ["none", "multi-source-fast/7", "../store", ""])
    def test_what_is_not_stored(self, store: Path, model: str) -> None:
        result = run("show", model)

        assert result.exit_code == 1
        assert result.stderr.startswith("Unknown model: ")


class TestVerify:
    def test_a_whole_model_by_each_engine(self, store: Path) -> None:
        result = run("verify")

        assert result.exit_code == 0, result.output
        model, gate, lungs = result.stdout.splitlines()
        assert model.startswith("OK ")
        assert model.endswith("(compiled, keras)")
        assert gate.startswith("OK       gate: ")
        assert lungs.startswith("OK       lung finder: ")

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda folder: (folder / "model.onnx").write_bytes(b"other"), "the hash"),
            (lambda folder: (folder / "model.keras").unlink(), "missing"),
            (lambda folder: (folder / "notes.txt").write_text("mine"), "not listed"),
            (lambda folder: (folder / "manifest.json").write_text("{}"), "manifest.json"),
        ],
    )
    def test_a_folder_that_is_not_what_was_published(
        self, folder: Path, damage: Callable[[Path], object], said: str
    ) -> None:
        damage(folder)

        result = run("verify", "multi-source-fast")

        assert result.exit_code == 1
        assert result.stdout.startswith("FAILED ")
        assert "multi-source-fast 1" in result.stdout
        assert said in result.stdout

    def test_a_network_that_computes_otherwise_though_its_hash_is_listed(
        self, folder: Path
    ) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["probe"][0] += 0.01
        path.write_text(json.dumps(manifest))

        result = run("verify")

        assert result.exit_code == 1
        assert "does not compute" in result.stdout

    def test_networks_that_differ_though_no_answer_was_published(self, folder: Path) -> None:
        other = ModelStore(shipped("model_store")).folder("multi-source") / "model.keras"
        shutil.copyfile(other, folder / "model.keras")
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest |= {"probe": None, "files": hashed(folder, "model.keras", "model.onnx")}
        path.write_text(json.dumps(manifest))

        result = run("verify", "multi-source-fast")

        assert result.exit_code == 1

    def test_a_store_without_models(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("COVIDXRAY_MODEL_STORE", str(tmp_path / "none"))

        result = run("verify")

        assert result.exit_code == 1
        assert str(tmp_path / "none") in result.stderr


class TestPromote:
    @pytest.fixture
    def next_folder(self, folder: Path) -> Path:
        """The folder of another version, of the same networks."""
        again = folder.with_name("2")
        shutil.copytree(folder, again)
        manifest = json.loads((again / "manifest.json").read_text())
        (again / "manifest.json").write_text(json.dumps(manifest | {"version": "2"}))
        return again

    def test_a_promoted_version_answers_until_it_is_rolled_back(
        self, store: Path, next_folder: Path
    ) -> None:
        name = "multi-source-fast"

        assert run("promote", f"{name}/1").stdout == f"{name} answers with version 1.\n"
        assert ModelStore(store).get(name).manifest.version == "1"
        assert run("promote", name).stdout == f"{name} answers with version 2.\n"
        assert run("rollback", name).stdout == f"{name} answers with version 1 again.\n"
        assert " 1 " in run("list").stdout
        assert ModelStore(store).get(name).manifest.version == "1"

    def test_there_may_be_nothing_to_go_back_to(self, store: Path) -> None:
        result = run("rollback", "multi-source-fast")

        assert result.exit_code == 1
        assert "No other version" in result.stderr

    def test_what_is_damaged_is_not_promoted(self, store: Path, next_folder: Path) -> None:
        (next_folder / "model.onnx").write_bytes(b"other")

        result = run("promote", "multi-source-fast/2")

        assert result.exit_code == 1
        assert "the hash" in result.stderr
        assert ModelStore(store).promoted("multi-source-fast") is None

    def test_what_is_not_signed_as_is_asked_is_not_promoted(
        self, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, public = make_keys(tmp_path)
        monkeypatch.setenv("COVIDXRAY_MODEL_KEYS", str(public))

        result = run("promote", "multi-source-fast")

        assert result.exit_code == 1
        assert "no signature" in result.stderr


class TestPublishAndImport:
    def test_a_model_is_published_and_imported_elsewhere(self, store: Path, tmp_path: Path) -> None:
        there = tmp_path / "there"
        there.mkdir()
        package = (tmp_path / "fast.tar").as_uri()

        published = run("publish", "multi-source-fast", package)
        sha256 = published.stdout.split()[0]
        imported = run("import", package, "--sha256", sha256, "--store", there)

        assert published.exit_code == 0, published.output
        assert imported.stdout == "Imported as multi-source-fast 1.\n", imported.output
        assert ModelStore(there).get("multi-source-fast").sha256 == (
            ModelStore(store).get("multi-source-fast").sha256
        )

    def test_what_the_installation_does_not_trust_is_not_imported(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, public = make_keys(tmp_path)
        monkeypatch.setenv("COVIDXRAY_MODEL_KEYS", str(public))
        (tmp_path / "there").mkdir()

        result = run("import", folder, "--store", tmp_path / "there")

        assert result.exit_code == 1
        assert "no signature" in result.stderr
        assert list((tmp_path / "there").iterdir()) == []


class TestSign:
    @pytest.fixture
    def reference(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The mean radiograph, the gate and the lung finder, where they may be signed."""
        shutil.copytree(shipped("reference"), tmp_path / "reference")
        monkeypatch.setenv("COVIDXRAY_REFERENCE", str(tmp_path / "reference"))
        return tmp_path / "reference"

    def test_what_is_signed_is_verified_as_such(
        self, store: Path, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        private, public = make_keys(tmp_path)
        unsigned = run("verify", "--key", public)
        signed = run("sign", "--key", private)
        monkeypatch.setenv("COVIDXRAY_MODEL_KEYS", str(public))
        verified = run("verify")

        assert unsigned.exit_code == 1
        assert unsigned.stdout.count("FAILED") == unsigned.stdout.count("has no signature") == 3
        assert signed.exit_code == 0
        assert len(signed.stdout.splitlines()) == len(list(tmp_path.rglob("*.sig"))) == 4
        assert verified.exit_code == 0, verified.output
        assert [line.endswith(", signed") for line in verified.stdout.splitlines()] == [True] * 3

    def test_what_a_signature_of_before_does_not_stand_for_is_named(
        self, folder: Path, tmp_path: Path
    ) -> None:
        private, public = make_keys(tmp_path)
        signature = read_signing_key(private).sign((folder / "manifest.json").read_bytes())
        (folder / "manifest.json.sig").write_bytes(signature)

        result = run("verify", "multi-source-fast", "--key", public)

        assert result.exit_code == 0, result.output
        assert ", signed, but not MODEL_CARD.md, evidence.json: sign again\n" in result.stdout

    def test_evidence_that_was_changed_is_told(self, folder: Path, tmp_path: Path) -> None:
        private, public = make_keys(tmp_path)
        run("sign", "multi-source-fast", "--key", private)
        (folder / "evidence.json").write_text("{}")

        result = run("verify", "multi-source-fast", "--key", public)

        assert result.exit_code == 1
        assert "evidence.json is not what was signed" in result.stdout

    def test_another_key_is_not_trusted(self, store: Path, tmp_path: Path) -> None:
        _, other = make_keys(tmp_path, "other")
        private, _ = make_keys(tmp_path)
        run("sign", "multi-source-fast", "--key", private)

        result = run("verify", "multi-source-fast", "--key", other)

        assert result.exit_code == 1
        assert "not signed by a trusted key" in result.stdout

    def test_a_damaged_model_is_not_signed(self, folder: Path, tmp_path: Path) -> None:
        private, _ = make_keys(tmp_path)
        (folder / "model.onnx").write_bytes(b"other")

        result = run("sign", "multi-source-fast", "--key", private)

        assert result.exit_code == 1
        assert list(tmp_path.rglob("*.sig")) == []

    @pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command")
    def test_the_page_for_operators_tells_how(
        self, store: Path, reference: Path, tmp_path: Path
    ) -> None:
        page = Path(__file__).parents[2] / "docs" / "operations.md"
        section = page.read_text(encoding="utf-8").partition("## Signed models")[2]
        block = section.partition("```sh\n")[2].partition("```")[0]
        lines = [line.split() for line in block.splitlines()]

        for program, *words in lines:
            place = Path(sys.executable).parent / program
            command = [str(place) if place.exists() else program, *words]
            done = subprocess.run(
                command, cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
        assert len(lines) == 4
        assert done.stdout.count(", signed") == 3
