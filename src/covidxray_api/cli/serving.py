"""Commands around the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from covidxray_api.cli.faults import read_settings, told_plainly

HEALTH_S = 4
"""Seconds that the service may take to say how it is."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that share the port.")] = None,
) -> None:
    """Start the service; settings come from COVIDXRAY_* and these options."""
    from covidxray_api.api.server import serve as run

    settings = read_settings(host=host, port=port, workers=workers)
    with told_plainly():
        run(settings)


def openapi(
    output: Annotated[Path, typer.Option(help="File to write.")] = Path("openapi.yaml"),
) -> None:
    """Write the API description."""
    import yaml

    from covidxray_api.api.app import create_app
    from covidxray_api.settings import Settings

    class Dumper(yaml.SafeDumper):
        """Writes texts of several lines as such, so that their changes can be read."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent)
    described = create_app(Settings()).openapi()
    # A file knows no address that its own could be relative to.
    here = {"url": "http://127.0.0.1:8000/v1", "description": "A service on this machine"}
    described = {**described, "servers": [here]}
    text = yaml.dump(described, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    output.write_text(text, encoding="utf-8")


def health() -> None:
    """Ask the service of these settings on this machine whether it is ready; exit code 1 if not."""
    import httpx

    settings = read_settings()
    scheme = "https" if settings.tls_certificate else "http"
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(  # noqa: S104  # nosec B104
        settings.host, settings.host
    )
    try:
        answer = httpx.get(
            f"{scheme}://{host}:{settings.port}/health/ready",
            timeout=HEALTH_S,
            # The certificate is of the name that others call it by.
            verify=False,  # noqa: S501  # nosec B501
        )
    except httpx.TransportError as error:
        typer.echo(f"It does not answer: {error}.", err=True)
        raise typer.Exit(1) from error
    typer.echo(answer.text)
    if answer.status_code != httpx.codes.OK:
        raise typer.Exit(1)
