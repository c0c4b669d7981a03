"""What openapi-python-client makes of openapi.yaml, asked for an answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "examples" / "clients" / "openapi-python-client.yaml"
TOOL = ("tool", "run", "--quiet", "--from", "openapi-python-client==0.29.1")

pytestmark = [pytest.mark.npm, pytest.mark.timeout(600)]

PROGRAM = """
import asyncio, json, sys
from io import BytesIO
from ours import Client
from ours.api.screening import predict, predict_batch, preview, report
from ours.models import PredictBatchBody, PredictBody, PreviewBody, ReportBody
from ours.types import File

url, path = sys.argv[1:]
film = open(path, "rb").read()

def file(data=film):
    return File(payload=BytesIO(data), file_name="film")

async def together():
    async with Client(base_url=url) as client:
        asked = [predict.asyncio(client=client, body=PredictBody(file=file())) for _ in range(2)]
        return [one.predicted_label for one in await asyncio.gather(*asked)]

client = Client(base_url=url)
answer = predict.sync(client=client, body=PredictBody(file=file()), operating_point="specific")
several = PredictBatchBody(file=[file(), file(b"text")])
refused = predict.sync_detailed(client=client, body=PredictBody(file=file(b"text")))
print(json.dumps({
    "answer": [answer.predicted_label, answer.operating_point],
    "report": report.sync(client=client, body=ReportBody(file=file())).payload.read(4).decode(),
    "preview": preview.sync(client=client, body=PreviewBody(file=file())).payload.read(4).hex(),
    "together": asyncio.run(together()),
    "batch": [
        one.problem.type_ if one.problem else one.prediction.predicted_label
        for one in predict_batch.sync(client=client, body=several).answers
    ],
    "refused": [refused.status_code, refused.parsed.type_],
}))
"""


def test_it_sends_images_and_takes_reports(
    service: httpx.Client, examples: Path, tmp_path: Path
) -> None:
    uv = str(Path(sys.executable).with_name("uv"))

    def told(*command: str | Path) -> str:
        done = subprocess.run([uv, *TOOL, *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    made = told(
        "openapi-python-client", "generate", "--path", ROOT / "openapi.yaml",
        "--config", CONFIG, "--output-path", tmp_path / "ours", "--meta", "none",
    )  # fmt: skip
    assert "WARNING" not in made

    url = f"{str(service.base_url).rstrip('/')}/v1"
    found = json.loads(told("python", "-c", PROGRAM, url, examples / "normal.png"))

    assert found == {
        "answer": ["normal", "specific"],
        "report": "%PDF",
        "preview": "89504e47",
        "together": ["normal", "normal"],
        "batch": ["normal", "/problems/unsupported-format"],
        "refused": [415, "/problems/unsupported-format"],
    }
