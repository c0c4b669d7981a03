"""Commands around the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from covidxray_api.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
) -> None:
    """Start the service; settings come from COVIDXRAY_* and these options."""
    import uvicorn

    from covidxray_api.api.app import create_app
    from covidxray_api.api.logs import configure_logs

    chosen: dict[str, Any] = {"host": host, "port": port}
    settings = Settings(**{name: value for name, value in chosen.items() if value is not None})
    configure_logs(settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=30,
    )


def openapi(
    output: Annotated[Path, typer.Option(help="File to write.")] = Path("openapi.yaml"),
) -> None:
    """Write the API description."""
    import yaml

    from covidxray_api.api.app import create_app

    schema = create_app(Settings()).openapi()
    text = yaml.safe_dump(schema, sort_keys=False, allow_unicode=True, width=100)
    output.write_text(text, encoding="utf-8")
