"""Examples of answers, for the API description."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

MODEL: dict[str, Any] = {
    "name": "multi-source",
    "version": "1",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

VALIDATION: dict[str, Any] = {
    "request_id": "0b6c1f6e-6a2f-4a57-9a55-2f1d5b6d0a11",
    "rejected": False,
    "rejection": None,
    "consistency": {"ssim": 0.47, "threshold": 0.33, "consistent": True},
    "warnings": [],
}

REJECTED_VALIDATION: dict[str, Any] = VALIDATION | {
    "rejected": True,
    "rejection": {
        "code": "not_a_chest_radiograph",
        "message": "The image is not a chest radiograph",
    },
    "consistency": {"ssim": 0.12, "threshold": 0.33, "consistent": False},
}

_NOTICE = "Decision support, not a diagnosis: a radiologist must read the film."

PREDICTION: dict[str, Any] = VALIDATION | {
    "predicted_label": "covid_19",
    "display_label": "COVID-19",
    "probabilities": {"normal": 0.01, "covid_19": 0.97, "viral_pneumonia": 0.02},
    "uncertain": False,
    "model": MODEL,
    "notice": _NOTICE,
}

REJECTED_PREDICTION: dict[str, Any] = REJECTED_VALIDATION | {
    "predicted_label": None,
    "display_label": None,
    "probabilities": None,
    "uncertain": False,
    "model": MODEL,
    "notice": _NOTICE,
}

MODEL_DESCRIPTION: dict[str, Any] = MODEL | {
    "description": "Compact network trained on the films of all sources.",
    "default": True,
    "labels": [{"code": "covid_19", "display": {"en": "COVID-19", "es": "COVID-19"}}],
    "input_size": [112, 112],
    "training": {},
    "metrics": {},
}

READY: dict[str, Any] = {"status": "ready", "ready": True, "version": "0.1.0", "model": MODEL}

STARTING: dict[str, Any] = {
    "status": "starting",
    "ready": False,
    "version": "0.1.0",
    "model": None,
}


def shown(*examples: dict[str, Any]) -> ConfigDict:
    """Return the configuration by which a schema shows examples."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})
