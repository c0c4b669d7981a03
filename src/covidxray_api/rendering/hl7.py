"""Answers as HL7 version 2, for interface engines: ORU^R01, unsolicited result."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from covidxray_api.rendering import coding
from covidxray_api.rendering.coding import Code
from covidxray_api.rendering.renderer import Answer, Context
from covidxray_api.rendering.wording import Wording
from covidxray_api.screening.screening import Screening
from covidxray_api.texts import message

SENDER: Final = "COVIDXRAY"

_PRELIMINARY: Final = "P"
"""Result status (HL7 tables 0085 and 0123)."""

_ESCAPES = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": " ", "\n": " "}
)
"""What separates fields cannot stand in them (HL7 2.5.1, section 2.7)."""


class Hl7:
    """Writes an answer as a message with an observation for it, and one for each label."""

    media_type = "application/hl7-v2"
    answers = (Screening,)

    def render(self, answer: Answer, context: Context) -> bytes:
        """Return the message, of nobody: whose the image is, the service does not know."""
        if not isinstance(answer, Screening):
            raise TypeError(f"{type(answer).__name__} is no result")
        return oru(answer, context)


def oru(
    screening: Screening, context: Context, patient_id: str = "", accession_number: str = ""
) -> bytes:
    """Return an answer as ORU^R01 of HL7 2.5.1, in UTF-8; it is preliminary.

    Parameters
    ----------
    screening : Screening
        The answer.
    context : Context
        Language of the sentences, and when the answer was given.
    patient_id : str
        Patient ID; empty if unknown.
    accession_number : str
        Accession Number, as the number of the order; empty if unknown.
    """
    made = f"{context.made.astimezone(UTC):%Y%m%d%H%M%S}+0000"
    manifest, control = screening.model.manifest, context.request_id[-20:]
    header = (
        "MSH",
        "^~\\&",
        SENDER,
        "",
        "",
        "",
        made,
        "",
        "ORU^R01^ORU_R01",
        control,
        "P",
        "2.5.1",
    )
    segments = [
        (*header, "", "", "", "", "", "UNICODE UTF-8"),
        ("PID", "1", "", _plain(patient_id)),
        (
            *("OBR", "1", "", _plain(accession_number), _coded(coding.CHEST_RADIOGRAPHY)),
            *("", "", made, *("",) * 14, made, "", "RAD", _PRELIMINARY),
        ),
    ]
    method = _plain(f"{manifest.name} {manifest.version} SHA-256 {screening.model.sha256}")
    for number, (name, kind, value, unit) in enumerate(_observations(screening), start=1):
        segments.append(
            (
                *("OBX", str(number), kind, _coded(name), "", value, unit, "", "", "", ""),
                *(_PRELIMINARY, "", "", made, "", "", method),
            )
        )
    wording = Wording(screening, context.language)
    said = (wording.statement(screening.decision), message("notice", context.language))
    segments += [
        ("NTE", str(number), "", _plain(text)) for number, text in enumerate(said, start=1)
    ]
    return "".join(f"{'|'.join(segment)}\r" for segment in segments).encode()


def _observations(screening: Screening) -> Iterator[tuple[Code, str, str, str]]:
    """Yield name, type, value and unit of the answer, and of each label's probability."""
    yield coding.FINDING, "CWE", _coded(coding.answer(screening)), ""
    shares = screening.probabilities or {}
    for label in screening.model.manifest.labels if shares else ():
        yield coding.finding(label), "NM", f"{shares[label.code]:.6f}", "1^no units^UCUM"


def _coded(code: Code) -> str:
    return "^".join((_plain(code.value), _plain(code.meaning), code.scheme))


def _plain(text: str) -> str:
    return text.translate(_ESCAPES)
