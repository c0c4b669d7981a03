"""Random answers of every stored model: headline, set, cut-offs, JSON, report and shell agree."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader
from tests.figures import figures

from covidxray_api.cli.screening import _cells
from covidxray_api.consistency import Consistency
from covidxray_api.consistency.quality import Finding
from covidxray_api.models.decision import decide
from covidxray_api.models.evidence import Elsewhere, Worst
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.radiograph import Radiograph
from covidxray_api.rendering.json import screening_answer
from covidxray_api.rendering.pdf import Pdf
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import headline, short_name
from covidxray_api.screening.screening import Explained, Screening, Validation
from covidxray_api.settings import Settings
from covidxray_api.texts import LANGUAGES, Language, message
from covidxray_api.texts.numbers import percent

ANSWERS = 2_000
"""Of all models together."""

DRAWN = 5
"""The report is drawn of one answer in so many: it takes a hundred times as long."""

STORE = ModelStore(Settings().model_store)
MADE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
BLACK = Radiograph(np.zeros((8, 8), np.uint8), "image/png")

MEASURED = Elsewhere(
    value=0.23,
    low=0.2,
    high=0.25,
    n=1490,
    worst=Worst(value=0.64, low=0.58, high=0.7, n=193, source="wingspan"),
)


def answers(stored: StoredModel, chance: np.random.Generator, n: int) -> list[Screening]:
    """Draw answers from nearly certain to even, at a random operating point and prevalence."""
    manifest = stored.manifest
    points = [*manifest.operating_points]
    drawn = []
    for _ in range(n):
        concentration = 10 ** chance.uniform(-2.5, 1)
        shares = chance.dirichlet([concentration] * len(manifest.codes))
        probabilities = dict(zip(manifest.codes, shares.tolist(), strict=True))
        measured = {name: MEASURED for name in points if chance.random() < 0.5}
        prevalence = chance.uniform(0.001, 0.999) if chance.random() < 0.5 else None
        photograph = (Finding("colour_photo_of_a_film", "warned"),) * int(chance.integers(2))
        consistency = Consistency(0.6, 0.3, True, 0.99, 0.24, "2", photograph)
        drawn.append(
            Screening(
                validation=Validation(consistency, ()),
                model=replace(stored, elsewhere=measured),
                engine="compiled",
                operating_point=points[chance.integers(len(points))],
                probabilities=probabilities,
                decisions=decide(manifest, probabilities, prevalence, measured),
                p_value=None,
                distance=None,
            )
        )
    return drawn


def flat(text: str) -> str:
    """Return a text, each run of white space as one space."""
    return " ".join(text.split())


def text_of(pdf: bytes) -> str:
    return flat(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


@pytest.mark.parametrize("name", STORE.names())
def test_every_rendering_says_the_same(name: str) -> None:
    stored = STORE.get(name)
    chance = np.random.default_rng(17)
    conclusive = set()
    for number, screening in enumerate(answers(stored, chance, ANSWERS // len(STORE.names()))):
        language = LANGUAGES[chance.integers(len(LANGUAGES))]
        answer = screening_answer(screening, language).model_dump(mode="json")
        for decision in answer["decisions"].values():
            holds(decision, screening, language)
            conclusive.add(decision["conclusive"])
        asked = answer["decisions"][screening.operating_point]
        assert asked == {field: answer[field] for field in asked}
        printed(answer, screening, language)
        if number % DRAWN == 0:
            drawn(answer, screening, language)
    assert conclusive == ({False} if stored.manifest.not_for_patients else {False, True})


def holds(decision: dict[str, Any], screening: Screening, language: Language) -> None:
    """Check that headline, set, candidates, cut-offs and statement are of one decision."""
    manifest, shares = screening.model.manifest, screening.probabilities or {}
    headlines = {label.code: headline(label, language) for label in manifest.labels}
    predicted, most = decision["predicted_label"], max(shares, key=lambda code: shares[code])
    reached = [code for code, share in shares.items() if share >= decision["cut_offs"][code]]
    assert reached == [predicted]
    assert predicted in decision["prediction_set"]
    considered = [candidate["code"] for candidate in decision["candidates"]]
    if decision["conclusive"]:
        assert decision["prediction_set"] == [predicted] == [most]
        assert shares[predicted] >= manifest.conclusive_from
        assert decision["headline"] == headlines[predicted]
        assert percent(shares[predicted], language) in decision["statement"]
    else:
        assert decision["headline"] == message("not_conclusive", language)
        assert considered[0] == most
        assert considered == sorted(considered, key=lambda code: -shares[code])
        assert set(considered) >= set(decision["prediction_set"])
        for code in considered:
            assert f"{headlines[code]}: {percent(shares[code], language)}" in decision["statement"]
    assert bool(considered) is not decision["conclusive"]
    for limit in decision["limits"]:
        assert limit["message"] in decision["statement"]
    limits = {limit["code"] for limit in decision["limits"]}
    said = set(considered) or {predicted}
    assert ("other_findings_not_looked_for" in limits) is ("normal" in said)
    assert ("not_for_patients" in limits) is manifest.not_for_patients
    if "bacterial_pneumonia" not in manifest.codes:
        assert ("bacterial_not_told_apart" in limits) is ("viral_pneumonia" in said)


def printed(answer: dict[str, Any], screening: Screening, language: Language) -> None:
    """Check that the command line says what the JSON says."""
    names = short_names(screening, language)
    said, shares, _ = _cells(answer, names, language)
    first, *lines = said.plain.splitlines()
    assert first == answer["headline"]
    for candidate, line in zip(answer["candidates"], lines, strict=False):
        share = percent(answer["probabilities"][candidate["code"]], language)
        assert line == f"{candidate['display']}: {share}"
    shown = figures(answer, answer["probabilities"], language)
    assert shares.plain.splitlines() == [
        f"{share} ({mark}) {name}"
        for (share, mark), name in zip(shown, names.values(), strict=True)
    ]


def drawn(answer: dict[str, Any], screening: Screening, language: Language) -> None:
    """Check that the report says what the JSON says."""
    context = Context(language, "ward-3", MADE, "ACC-1")
    text = text_of(Pdf().render(Explained(screening, BLACK, None), context))
    said = [answer["headline"], answer["statement"], answer["notice"]]
    said += [figure["message"] for figure in answer["figures"]]
    if answer["predictive_values"]:
        said.append(answer["predictive_values"]["message"])
    for candidate in answer["candidates"]:
        share = percent(answer["probabilities"][candidate["code"]], language)
        said.append(f"{candidate['display']}: {share}")
    mark = message("report_cut_off", language)
    shown = figures(answer, answer["probabilities"], language)
    for name, (share, cut_off) in zip(
        short_names(screening, language).values(), shown, strict=True
    ):
        said.append(f"{name} {share} · {mark.format(share=cut_off)}")
    for sentence in said:
        assert flat(sentence) in text


def short_names(screening: Screening, language: Language) -> dict[str, str]:
    manifest = screening.model.manifest
    return {label.code: short_name(label, manifest, language) for label in manifest.labels}
