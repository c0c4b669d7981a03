"""The HTTP server: one process, or several that share the port."""

from __future__ import annotations

import gc
import math
import os
import signal
import ssl
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from covidxray_api.access.control import AccessControl, is_this_machine
from covidxray_api.api.starting import FAILURE, Starting
from covidxray_api.api.supervisor import Supervisor
from covidxray_api.errors import InvalidConfiguration
from covidxray_api.serving.logs import configure_logs
from covidxray_api.settings import HANDED_DOWN, Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from covidxray_api.api.state import State

RUN = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable with the folder that the processes of one service share: their metrics, and
how their start ended."""


ANSWERED_S = 5
"""Time beyond their deadline in which the requests of a process that is to end are answered."""

PROTOCOL = "covidxray_api.api.shedding_protocol"

SERVING = ("covidxray_api.api.app", PROTOCOL)
"""Modules that each process needs before it serves."""

RECORDING = "covidxray_api.records.opening"
"""The module that it needs soon after."""


def serve(settings: Settings) -> None:
    """Serve until the process is told to end.

    Raises
    ------
    InvalidConfiguration
        See `check`.
    SystemExit
        With code 1 and a sentence on standard error, if no process can start.
    """
    check(settings)
    configure_logs(settings.log_level)
    os.environ[HANDED_DOWN] = settings.model_dump_json(exclude_unset=True)
    with TemporaryDirectory(prefix="covidxray-") as folder:
        os.environ[RUN] = folder
        failure = Path(folder) / FAILURE
        # After an orderly stop, uvicorn sends the signal again: the folder would be left behind.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            _run(uvicorn.Config(f"{__name__}:application", factory=True, **options(settings)))
        finally:
            if failure.is_file():
                sys.exit(failure.read_text(encoding="utf-8"))


def _run(config: uvicorn.Config) -> None:
    if config.workers > 1:
        port = config.bind_socket()
        preload(*SERVING, RECORDING)
        Supervisor(config, [port], Path(os.environ[RUN])).run()
        return
    preload(*SERVING)
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def preload(*names: str) -> None:
    """Import modules, which stay: the garbage collector passes over them from then on."""
    gc.disable()
    try:
        for name in names:
            import_module(name)
    finally:
        gc.enable()
    # Pages that the collector does not write are shared with processes that are forked.
    gc.freeze()


def check(settings: Settings) -> None:
    """Refuse to serve as no one can have meant it.

    Raises
    ------
    InvalidConfiguration
        If anybody could call from elsewhere and no setting says so, or if what tells callers
        apart, the certificate or the secret of webhooks cannot be used.
    """
    access = AccessControl.from_settings(settings)
    if access.is_open and not settings.open_to_all and not is_this_machine(settings.host):
        raise InvalidConfiguration("open", host=settings.host or "all addresses")
    _check_certificate(settings)
    _check_webhooks(settings)


def _check_webhooks(settings: Settings) -> None:
    if bool(settings.webhook_origins) != bool(settings.webhook_secret):
        raise InvalidConfiguration("webhook_half")
    if settings.webhook_secret:
        # Not with the module: most services call nobody.
        from covidxray_api.jobs.calls import read_secret

        read_secret(settings.webhook_secret)


def _check_certificate(settings: Settings) -> None:
    certificate, key = settings.tls_certificate, settings.tls_key
    if not certificate and not key:
        return
    if not certificate or not key:
        raise InvalidConfiguration("tls_half")
    for path in (certificate, key):
        try:
            path.read_bytes()
        except OSError as error:
            raise InvalidConfiguration("unreadable", path=path, fault=error.strerror) from error
    try:
        # An empty password: with none given, OpenSSL would ask the terminal for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, lambda: "")
    except (ssl.SSLError, ValueError) as error:
        raise InvalidConfiguration("tls", certificate=certificate, key=key) from error


def application() -> ASGIApp:
    """Make the application of a process that serves, of the settings it was handed or its own."""
    # Not with the module: settings with which nobody can serve are refused before it is loaded.
    from covidxray_api.api.app import create_app
    from covidxray_api.api.changing import Listening

    handed = os.environ.get(HANDED_DOWN)
    settings = Settings.model_validate_json(handed) if handed else Settings.read()
    configure_logs(settings.log_level)
    app = create_app(settings, start_first=True)
    folder = os.environ.get(RUN)
    if not folder:
        return app
    shared: State = app.state.shared
    listening = Listening(shared.change, Path(folder), alone=settings.workers == 1)
    return Starting(app, Path(folder), listening)


def options(settings: Settings) -> dict[str, Any]:
    """Return the options of uvicorn."""
    return {
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "http": f"{PROTOCOL}:SheddingProtocol",
        "ws": "none",
        "loop": "covidxray_api.serving.listener:SharingLoop",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        # Uploads that have begun end by their deadline, and are answered.
        "timeout_graceful_shutdown": ANSWERED_S
        + math.ceil(max(settings.deadline_s, settings.batch_upload_s)),
        "ssl_certfile": settings.tls_certificate,
        "ssl_keyfile": settings.tls_key,
    }
