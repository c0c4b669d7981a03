"""Another format is a renderer and its registration: no other part of the service knows it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import httpx
import pytest

from covidxray_api.decoding import Levels
from covidxray_api.radiograph import Radiograph
from covidxray_api.rendering.json import Json
from covidxray_api.rendering.pdf import Pdf
from covidxray_api.rendering.png import LONGEST, Png
from covidxray_api.rendering.registry import RENDERERS, Renderers
from covidxray_api.rendering.renderer import Answer, Context, Renderer
from covidxray_api.rendering.samples import Samples
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Explained, Screening, Validation
from covidxray_api.settings import Settings

CONTEXT = Context("en", "ward-3", datetime(2026, 3, 1, tzinfo=UTC))


class Sentence:
    """Says the answer in a line of text."""

    media_type = "text/plain"
    answers = (Screening,)

    def render(self, answer: Answer, context: Context) -> bytes:
        assert isinstance(answer, Screening)
        assert answer.decision
        said = answer.decision.label.display[context.language]
        return f"{context.request_id}: {said}".encode()


def test_a_new_renderer_serves_where_its_kind_of_answer_is_given(
    serve_rendered: Callable[[Renderers], AbstractContextManager[httpx.Client]], film: bytes
) -> None:
    headers = {"Accept": "text/plain", "Accept-Language": "es", "X-Request-ID": "ward-3"}
    with serve_rendered(Renderers(Json(), Sentence())) as client:
        answer = client.post("/predict", content=film, headers=headers)
        refused = client.post("/validate", content=film, headers=headers)
        usual = client.post("/predict", content=film)

    assert answer.text == "ward-3: Normal"
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-language"] == "es"
    assert refused.status_code == 406
    assert usual.json()["predicted_label"] == "normal"


def test_what_each_answer_can_be_drawn_as() -> None:
    assert RENDERERS.media_types(Screening) == (
        "application/json",
        "application/fhir+json",
        "application/hl7-v2",
    )
    assert RENDERERS.media_types(Validation) == ("application/json",)
    assert RENDERERS.media_types(Radiograph) == ("image/png",)
    assert RENDERERS.media_types(Levels) == ("application/octet-stream",)
    assert RENDERERS.media_types(Explained) == (
        "application/json", "application/pdf", "image/png",
    )  # fmt: skip


@pytest.mark.parametrize("renderer", [Json(), Pdf(), Png(), Samples()])
def test_a_renderer_draws_the_same_bytes_of_all_that_it_says_it_draws(
    renderer: Renderer, mapped: bytes
) -> None:
    screener = Screener.from_settings(Settings())
    answers: list[Answer] = [
        screener.explain(mapped), screener.screen(mapped), screener.validate(mapped),
        screener.decode(mapped, LONGEST), screener.levels(mapped, LONGEST),
    ]  # fmt: skip

    for answer in answers:
        if type(answer) in renderer.answers:
            assert renderer.render(answer, CONTEXT) == renderer.render(answer, CONTEXT)
        else:
            with pytest.raises(TypeError):
                renderer.render(answer, CONTEXT)
