from __future__ import annotations

import socket

import httpx
import pytest
from typer.testing import CliRunner

from covidxray_api.cli import app


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_the_service_is_asked_where_it_listens(
    service: httpx.Client, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("COVIDXRAY_PORT", str(service.base_url.port))
    monkeypatch.setenv("COVIDXRAY_HOST", host)

    result = CliRunner().invoke(app, ["health"])

    assert result.exit_code == 0
    assert '"ready":true' in result.stdout.replace(" ", "")


def test_a_service_that_does_not_answer_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("COVIDXRAY_PORT", str(free.getsockname()[1]))
        result = CliRunner().invoke(app, ["health"])

    assert result.exit_code == 1
    assert "does not answer" in result.stderr
