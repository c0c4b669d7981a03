"""Codes of what an answer says: SNOMED CT where it has the concept, else the project's own.

RadLex is not used: DICOM's own tables (PS3.16) name none of its terms for these findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from covidxray_api.lungs import Place
from covidxray_api.models.manifest import Label
from covidxray_api.screening.screening import Screening

OWN: Final = "99COVIDXRAY"
"""Coding scheme of the project (PS3.16, section 8.2: names of private ones begin with 99)."""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept."""

    value: str
    scheme: Literal["SCT", "DCM", "99COVIDXRAY"]
    meaning: str
    """In English, as the scheme has it."""


PNEUMONIA: Mapping[str, Code] = {
    "covid_19": Code("882784691000119100", "SCT", "Pneumonia caused by SARS-CoV-2"),
    "viral_pneumonia": Code("75570004", "SCT", "Viral pneumonia"),
    "bacterial_pneumonia": Code("53084003", "SCT", "Bacterial pneumonia"),
}
"""What signs are looked for, by label code. A radiograph shows pneumonia and not the virus: of the
disease COVID-19 itself (840539006) it could say nothing."""

NEITHER = Code("normal", OWN, "No sign of the pneumonias that are looked for")
"""The label `normal`: it rules out no disease, so that no code for a normal chest would be true."""

INDETERMINATE = Code("82334004", "SCT", "Indeterminate")
"""An answer that is not conclusive."""

NOT_ASSESSED = Code("not_a_chest_radiograph", OWN, "Not assessed: not a frontal chest radiograph")
"""The answer to an image that was refused."""

TO_BE_CONSIDERED = Code("to_be_considered", OWN, "To be considered")
"""Name of what an answer that is not conclusive leaves open."""

STRONGEST_SPOT = Code("strongest_spot", OWN, "Saliency map is strongest")
"""Name of where a saliency map is strongest. It is no finding site: where the network looked is not
where a finding is."""

PLACES: Mapping[Place, Code] = {
    "inside_lungs": Code("39607008", "SCT", "Lung"),
    "outside_lungs": Code("outside_lungs", OWN, "Outside the lungs"),
    "undetermined": INDETERMINATE,
}
"""Where a saliency map is strongest."""

FINDING = Code("121071", "DCM", "Finding")
PROBABILITY = Code("122157", "DCM", "Probability")
CHEST_RADIOGRAPHY = Code("399208008", "SCT", "Plain chest X-ray")


def finding(label: Label) -> Code:
    """Return the code of what a label stands for; its own name if no scheme is known to have it."""
    if label.code == "normal":
        return NEITHER
    return PNEUMONIA.get(label.code) or Code(label.code, OWN, label.display["en"])


def answer(screening: Screening) -> Code:
    """Return what an answer says: indeterminate where it is not conclusive."""
    decision = screening.decision
    if decision is None:
        return NOT_ASSESSED
    return finding(decision.label) if decision.conclusive else INDETERMINATE
