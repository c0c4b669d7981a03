"""How the start of a process ended, as word to the process that watches it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from covidxray_api.errors import CovidXrayError
from covidxray_api.texts.problems import summary

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Message, Receive, Scope, Send

    from covidxray_api.api.changing import Listening

STARTED = "started"
"""File that says that a process of this service has started."""

FAILURE = "start-failed"
"""File that says why none could."""

PAUSE_S = 5
"""Time before a process that cannot replace another ends, and is tried again."""

NO_REPLACEMENT = 69
"""Exit code of such a process: EX_UNAVAILABLE of sysexits.h."""


class Starting:
    """ASGI application that leaves word of how its start ended.

    If the first processes of a service cannot start, as where a model is damaged, none ever will:
    the service ends. A process that is to replace another is tried again, while the others serve.

    Parameters
    ----------
    app : FastAPI
        Answers the requests.
    folder : Path
        Where word is left.
    listening : Listening
        Changes models, once there are some.
    """

    def __init__(self, app: FastAPI, folder: Path, listening: Listening) -> None:
        self._app = app
        self._folder = folder
        self._listening = listening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or start and stop."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                (self._folder / STARTED).touch()
                self._listening.begin()
            elif message["type"] == "lifespan.startup.failed":
                if (self._folder / STARTED).exists():
                    time.sleep(PAUSE_S)
                    os._exit(NO_REPLACEMENT)
                # The log has it already; the server would add a traceback.
                message = {"type": message["type"]}
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            told = error if isinstance(error, CovidXrayError) else CovidXrayError()
            (self._folder / FAILURE).write_text(summary(told, "en"), encoding="utf-8")
            raise
