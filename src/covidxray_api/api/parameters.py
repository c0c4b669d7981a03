"""The query parameters of screenings."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query

from covidxray_api.rendering.renderer import REFERENCE
from covidxray_api.settings import GateName

ModelName = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=100,
        description="Stored model to ask, as listed by `/models`; the default one if none.",
        examples=["multi-source"],
    ),
]
PointName = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=100,
        description="Operating point of the model, as listed by `/models`: `screening` misses"
        " little, `specific` alarms seldom; `balanced` if none.",
        examples=["screening"],
    ),
]
Prevalence = Annotated[
    float | None,
    Query(
        gt=0,
        lt=1,
        description="Share of your patients who have COVID-19, for predictive values.",
        examples=[0.05],
    ),
]
LabelCode = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=100,
        description="Label that is explained, as listed by `/models`. If none, the predicted one,"
        " or the most probable one where the answer is not conclusive.",
        examples=["covid_19"],
    ),
]
Gate = Annotated[
    GateName | None,
    Query(
        description="What tells a chest radiograph from all else: `learned`, or `ssim` for"
        " structural similarity alone; the service's setting if none.",
        examples=["learned"],
    ),
]
Map = Annotated[
    bool,
    Query(
        alias="map",
        description="Whether the report shows the saliency map, or why there is none.",
        examples=[True],
    ),
]
Reference = Annotated[
    str | None,
    Header(
        alias="X-Reference",
        pattern=REFERENCE,
        description="What you call this image, such as an accession number, to be repeated in the"
        " answer and on each sheet of the report: up to 64 printable ASCII characters. Not a name;"
        " it is not logged.",
        examples=["ACC-2026-0173"],
    ),
]
