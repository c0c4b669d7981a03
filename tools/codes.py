"""The codes that answers carry, with their sentences: the block of docs/codes.md."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from covidxray_api.api.problems import STATUS
from covidxray_api.texts import MESSAGES
from covidxray_api.texts import codes as listed
from covidxray_api.texts.problems import advice, title

KINDS: Mapping[str, tuple[str, Collection[str]]] = {
    "Rejections": ("`rejection.code`: why an image gets no diagnosis.", listed.REJECTIONS),
    "Findings": (
        "`consistency.findings[].code`: what its sender should know of an image; `action` says what"
        " followed.",
        listed.FINDINGS,
    ),
    "Warnings": (
        "`warnings[].code`: what was assumed in reading the file, and what to check.",
        listed.WARNINGS,
    ),
    "Limits": ("`limits[].code`: what the answer does not tell.", listed.LIMITS),
    "Figures": (
        "`figures[].code`: how often answers at the operating point were right or wrong.",
        listed.FIGURES,
    ),
    "Notes on maps": (
        "`explanation.notes[].code`: what the map does and does not mean.",
        listed.NOTES,
    ),
    "Strongest spots": (
        "`explanation.strongest_spot.code`: whether the map is strongest inside the lungs.",
        listed.SPOTS,
    ),
    "Priorities": (
        "`studies[].priority.code` of the worklist: how urgent it is that somebody reads the study;"
        " the most urgent first.",
        listed.PRIORITIES,
    ),
    "Withheld maps": ("`explanation.withheld.code`: why there is no map.", listed.WITHHELD),
}
"""What is said of each kind of code, and the codes."""


def codes() -> str:
    """Return a section for each kind of code, and one of the problems."""
    parts = []
    for kind, (said, members) in KINDS.items():
        rows = (
            f"### `{code}`\n\n{MESSAGES[code]['en']}\n\n*{MESSAGES[code]['es']}*\n"
            for code in members
        )
        parts.append(f"## {kind}\n\n{said}\n\n" + "\n".join(rows))
    problems = (
        f"### `{code}`\n\n{status.value} {status.phrase}. {title(code, 'en')}:"
        f" {advice(code, 'en', 'http')}\n\n"
        f"*{title(code, 'es')}: {advice(code, 'es', 'http')}*\n"
        for code, status in STATUS.items()
    )
    parts.append(
        "## Problems\n\nAn error is a problem of RFC 9457 (`application/problem+json`) with `type`,"
        " `title`, `status`, `detail`, `advice` and `request_id`. The last part of its `type` is"
        " one of these; `GET /problems/{code}` explains each in the language of"
        " `Accept-Language`.\n\n" + "\n".join(problems)
    )
    return "\n".join(parts)
