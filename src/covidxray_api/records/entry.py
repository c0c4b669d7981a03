"""What is recorded of a screening: nothing of the image but its keyed hash, and no patient."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from covidxray_api.screening.screening import Screening
from covidxray_api.serving.observer import Answered

SCREENING = "screening"


@dataclass(frozen=True, slots=True)
class Entry:
    """A screening that is to be recorded."""

    content: dict[str, Any]
    """What is recorded; see `entry_of`."""

    created_at: datetime
    """When it was answered."""

    identifier: str = field(default_factory=lambda: secrets.token_hex(16))
    """Tells it from all others."""


def entry_of(answered: Answered, screening: Screening, image: str) -> Entry:
    """Return what is recorded of a screening.

    Parameters
    ----------
    answered : Answered
        Whose request it was.
    screening : Screening
        The answer.
    image : str
        Keyed hash of the file.
    """
    validation, decision = screening.validation, screening.decision
    consistency, model = validation.consistency, screening.model
    created_at = datetime.now(UTC)
    site = model.site
    content = {
        "kind": SCREENING,
        "created_at": created_at.isoformat(),
        "request_id": answered.request_id,
        "caller": _printable(answered.caller),
        "image": image,
        "model": model.manifest.name,
        "model_version": model.manifest.version,
        "model_sha256": model.sha256,
        "engine": screening.engine,
        "gate": consistency.gate,
        "site": site.profile.name if site else None,
        "site_sha256": site.sha256 if site else None,
        "p_value": screening.p_value,
        "rejection": validation.rejection,
        "ssim": consistency.ssim,
        "gate_score": consistency.score,
        "findings": [finding.code for finding in consistency.findings],
        "distance": screening.distance,
        "probabilities": dict(screening.probabilities) if screening.probabilities else None,
        "operating_point": screening.operating_point,
        "predicted_label": decision.label.code if decision else None,
        "prediction_set": [label.code for label in decision.prediction_set] if decision else None,
        "conclusive": decision.conclusive if decision else None,
        "warnings": list(validation.warnings),
        "seconds": {stage: round(value, 6) for stage, value in screening.seconds.items()},
    }
    return Entry(content, created_at)


def _printable(name: str | None) -> str | None:
    """Replace what a database may refuse, as a NUL in the subject of a token."""
    return name and "".join(letter if letter.isprintable() else "?" for letter in name)
