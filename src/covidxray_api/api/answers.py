"""What was found, as a response: in the language and the media type that the caller accepts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Depends, Request, Response

from covidxray_api.api.access_log import RequestId
from covidxray_api.api.negotiation import VARY, AnswerLanguage, accepted, negotiate_media_type
from covidxray_api.api.parameters import Reference
from covidxray_api.api.state import state_of
from covidxray_api.rendering.registry import RENDERERS
from covidxray_api.rendering.renderer import Answer, Context, Renderer

JSON = "application/json"

SPACING = "X-Pixel-Spacing"
SPACING_PLANE = "X-Pixel-Spacing-Plane"
SAMPLES = "X-Samples"
WINDOWS = "X-Windows"


@dataclass(frozen=True, slots=True)
class Rendering:
    """How one request is answered."""

    renderer: Renderer
    """Draws the answer."""

    context: Context
    """What is stated beside it."""

    def response(self, answer: Answer) -> Response:
        """Return an answer as a response, which no cache shall keep."""
        headers = {
            "Content-Language": self.context.language,
            "Vary": VARY,
            "Cache-Control": "no-store",
        }
        content = self.renderer.render(answer, self.context)
        return Response(content, media_type=self.renderer.media_type, headers=headers)


def rendering(kind: type[Answer], first: str = JSON) -> Any:
    """Return the dependency of a route that answers in every media type that there is.

    It raises `NotAcceptable` before the upload is admitted.

    Parameters
    ----------
    kind : type
        What the route answers.
    first : str
        Media type where the caller does not mind, if there is a renderer for it.
    """

    async def chosen(
        request: Request,
        request_id: RequestId,
        language: AnswerLanguage,
        reference: Reference = None,
    ) -> Rendering:
        renderers = state_of(request).renderers
        offered = sorted(renderers.media_types(kind), key=lambda name: name != first)
        renderer = renderers[negotiate_media_type(accepted(request), offered)]
        return Rendering(renderer, Context(language, request_id, datetime.now(UTC), reference))

    return Depends(chosen)


def described(kind: type[Answer]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the answers that are no JSON."""
    others = {
        name: {"schema": {"type": "string", "format": "binary"}}
        for name in RENDERERS.media_types(kind)
        if name != JSON
    }
    return {200: {"content": others}} if others else {}
