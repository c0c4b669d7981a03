"""The answer as HL7 version 2, read by a parser of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import hl7
import httpx
import pytest

from covidxray_api.rendering.hl7 import Hl7, oru
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import Wording
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings
from covidxray_api.texts import LANGUAGES, Language, message

MADE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener.from_settings(Settings())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_conclusive_answer(screener: Screener, examples: Path, language: Language) -> None:
    screening = screener.screen((examples / "covid_19.png").read_bytes())
    sent = oru(screening, Context(language, "ward-3", MADE), "HC|17", "ACC-1")
    read = hl7.parse(sent.decode())
    header = read.segment("MSH")
    assert (str(header(9)), str(header(12))) == ("ORU^R01^ORU_R01", "2.5.1")
    assert read.unescape(str(read.segment("PID")(3))) == "HC|17"
    assert str(read.segment("OBR")(3)) == "ACC-1"
    assert str(read.segment("OBR")(25)) == "P"
    answer, *labels = read.segments("OBX")
    assert str(answer(5)).startswith("882784691000119100^")
    shares = screening.probabilities
    assert shares
    assert [float(str(one(5))) for one in labels] == pytest.approx([*shares.values()], abs=1e-6)
    assert {str(one(11)) for one in read.segments("OBX")} == {"P"}
    assert screening.model.sha256 in str(answer(17))
    said = [read.unescape(str(note(3))) for note in read.segments("NTE")]
    statement = Wording(screening, language).statement(screening.decision)
    assert said == [statement, message("notice", language)]


def test_a_refused_image_has_no_probability(screener: Screener, examples: Path) -> None:
    screening = screener.screen((examples / "not_a_radiograph.png").read_bytes())
    read = hl7.parse(oru(screening, Context("en", "ward-3", MADE)).decode())
    (answer,) = read.segments("OBX")
    assert str(answer(5)).startswith("not_a_chest_radiograph^")


def test_predict_answers_a_message(service: httpx.Client, film: bytes) -> None:
    answer = service.post("/predict", content=film, headers={"Accept": Hl7.media_type})
    assert answer.headers["content-type"] == Hl7.media_type
    assert hl7.parse(answer.text).segment("MSH")
