"""JSON, PDF and command line say the same of one radiograph; `tests/web` holds the page to it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader
from tests.figures import figures
from typer.testing import CliRunner

from covidxray_api.cli import app
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings
from covidxray_api.texts.language import Language

STORE = ModelStore(Settings().model_store)
CASES = [
    (name, point) for name in STORE.names() for point in STORE.get(name).manifest.operating_points
]


@pytest.fixture(scope="module")
def doubtful_file(doubtful: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "d.png"
    path.write_bytes(doubtful)
    return path


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(("model", "point"), CASES)
def test_the_same_figures_everywhere(
    service: httpx.Client,
    doubtful_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    point: str,
    language: Language,
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    data = doubtful_file.read_bytes()

    def asked(path: str) -> httpx.Response:
        params = {"model": model, "operating_point": point}
        headers = {"Accept-Language": language}
        return service.post(path, content=data, params=params, headers=headers)

    answer, report = asked("/predict").json(), asked("/report").content
    options = ["screen", "--model", model, "--operating-point", point, "--lang", language]
    table = CliRunner().invoke(app, [*options, str(doubtful_file)])
    line = CliRunner().invoke(app, [*options, "--json", str(doubtful_file)])

    # The command line's JSON is that of the service.
    printed = json.loads(line.stdout)
    assert printed.pop("file") == str(doubtful_file)
    del answer["request_id"]
    assert printed == answer

    # The decision that was asked for is that of its operating point.
    decision = answer["decisions"][point]
    assert decision == {name: answer[name] for name in decision}
    reached = [
        code for code, share in answer["probabilities"].items() if share >= answer["cut_offs"][code]
    ]
    assert reached == [answer["predicted_label"]]

    text = " ".join(PdfReader(io.BytesIO(report)).pages[0].extract_text().split())
    cut_off = {"en": "cut-off", "es": "punto de corte"}[language]
    for share, mark in figures(answer, answer["probabilities"], language):
        assert f"{share} · {cut_off} {mark}".replace("\N{NO-BREAK SPACE}", " ") in text
        assert f"{share} ({mark})" in table.stdout
    for named in (f"{model} {answer['model']['version']}", answer["model"]["sha256"]):
        assert named in text
        assert named in table.stdout
