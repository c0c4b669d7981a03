from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from fastapi.testclient import TestClient

from covidxray_api.api.app import create_app
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings


class Faulty(Screener):
    def decode(self, data, kept_side=None):
        identity = data.decode()
        raise RuntimeError("no decoder")


with TestClient(create_app(Settings(), Faulty.from_settings)) as client:
    while client.get("/health").json()["status"] == "starting":
        pass
    assert client.post("/predict", content=b"JANE " + b"DOE").status_code == 500
"""


def test_a_traceback_shows_no_variables_though_nobody_has_configured_the_log() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr
    logged = done.stdout + done.stderr
    assert "RuntimeError: no decoder" in logged
    assert "JANE DOE" not in logged
