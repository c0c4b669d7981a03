"""Examples of answers, for the API description."""

from __future__ import annotations

from typing import Any

from covidxray_api.api.problems import describe
from covidxray_api.texts import MESSAGES, message
from covidxray_api.texts.problems import sample_detail

_NOTICE = message("notice", "en")


def _coded(code: str) -> dict[str, str]:
    return {"code": code, "message": message(code, "en")}


_MODEL: dict[str, Any] = {
    "name": "multi-source",
    "version": "1",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

_VALIDATION: dict[str, Any] = {
    "request_id": "0b6c1f6e-6a2f-4a57-9a55-2f1d5b6d0a11",
    "rejected": False,
    "rejection": None,
    "consistency": {
        "consistent": True,
        "gate": "2",
        "score": 0.99,
        "least_score": 0.24,
        "ssim": 0.61,
        "threshold": 0.3,
        "findings": [
            {
                "code": "inverted",
                "message": "Black and white are exchanged. The image was corrected before it was"
                " read; send radiographs with dark lungs.",
                "action": "corrected",
            }
        ],
    },
    "warnings": [],
    "reference": "ACC-2026-0173",
    "notice": _NOTICE,
}

_REJECTED_VALIDATION: dict[str, Any] = _VALIDATION | {
    "rejected": True,
    "rejection": {
        "code": "not_a_chest_radiograph",
        "message": "The image is not a chest radiograph",
    },
    "consistency": {
        "consistent": False,
        "gate": "2",
        "score": 0.01,
        "least_score": 0.24,
        "ssim": 0.12,
        "threshold": 0.3,
        "findings": [
            {
                "code": "lateral",
                "message": "This seems to be a lateral radiograph. Send the frontal view (PA or"
                " AP).",
                "action": "refused",
            }
        ],
    },
}

_ANSWERING_MODEL: dict[str, Any] = _MODEL | {"engine": "compiled"}

_SITE: dict[str, Any] = {
    "name": "North Clinic",
    "radiographs": 120,
    "labelled": 0,
    "sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
}

_DECISION: dict[str, Any] = {
    "predicted_label": "covid_19",
    "display_label": "COVID-19",
    "cut_offs": {"normal": 0.49, "covid_19": 0.4, "viral_pneumonia": 0.5},
    "prediction_set": ["covid_19"],
    "uncertain": False,
    "conclusive": True,
    "headline": message("headline_covid_19", "en"),
    "candidates": [],
    "statement": "The automatic reading of the chest radiograph (multi-source 1) finds signs of"
    f" COVID-19 (probability 97%). {message('other_pneumonia_alike', 'en')}",
    "limits": [_coded("other_pneumonia_alike")],
    "figures": [
        {
            "code": "false_positives_elsewhere",
            "message": "At hospitals that it had not seen, 23 of 100 adults without COVID-19 were"
            " called so (95% interval: 20 to 25; n = 1,490).",
        },
        {
            "code": "measured_at_home",
            "message": "Of new patients of the hospitals that it learned from, it found 90 of 100"
            " with COVID-19 (n = 317) and called 4 of 100 without it so (n = 1,055).",
        },
    ],
    "predictive_values": {
        "target": "covid_19",
        "prevalence": 0.05,
        "positive": 0.17,
        "negative": 0.99,
        "false_positive_rate": 0.23,
        "elsewhere": True,
        "message": "Where 5 of 100 patients have COVID-19: of 100 called COVID-19, about 17 have"
        " it; of 100 not called so, about 99 do not. This counts with as many false positives as at"
        " hospitals that it had not seen.",
    },
}

_NOT_CONCLUSIVE: dict[str, Any] = {
    "predicted_label": "normal",
    "display_label": "Normal",
    "cut_offs": {"normal": 0.27, "covid_19": 0.4, "viral_pneumonia": 0.5},
    "prediction_set": ["normal", "covid_19"],
    "uncertain": True,
    "conclusive": False,
    "headline": message("not_conclusive", "en"),
    "candidates": [
        {"code": "normal", "display": message("headline_normal", "en")},
        {"code": "covid_19", "display": message("headline_covid_19", "en")},
    ],
    "statement": "The automatic reading of the chest radiograph (multi-source 1) is not conclusive"
    " (No sign of COVID-19 or viral pneumonia: 66%; COVID-19: 31%): a radiologist must decide."
    f" {message('other_findings_not_looked_for', 'en')} {message('other_pneumonia_alike', 'en')}",
    "limits": [_coded("other_findings_not_looked_for"), _coded("other_pneumonia_alike")],
    "figures": _DECISION["figures"],
    "predictive_values": None,
}

_PREDICTION: dict[str, Any] = _VALIDATION | {
    **_DECISION,
    "probabilities": {"normal": 0.01, "covid_19": 0.97, "viral_pneumonia": 0.02},
    "operating_point": "balanced",
    "decisions": {"balanced": _DECISION},
    "model": _ANSWERING_MODEL,
    "site": _SITE | {"p_value": 1 / 121},
}

_UNCERTAIN_PREDICTION: dict[str, Any] = _VALIDATION | {
    **_NOT_CONCLUSIVE,
    "probabilities": {"normal": 0.66, "covid_19": 0.31, "viral_pneumonia": 0.03},
    "operating_point": "balanced",
    "decisions": {"balanced": _NOT_CONCLUSIVE},
    "model": _ANSWERING_MODEL,
    "site": None,
    "reference": None,
}

_REJECTED_PREDICTION: dict[str, Any] = _REJECTED_VALIDATION | {
    "predicted_label": None,
    "display_label": None,
    "probabilities": None,
    "cut_offs": None,
    "operating_point": "balanced",
    "prediction_set": None,
    "uncertain": False,
    "conclusive": False,
    "headline": message("not_a_chest_radiograph", "en"),
    "candidates": [],
    "statement": "No automatic reading was made (multi-source 1). The image is not a chest"
    " radiograph.",
    "limits": [],
    "figures": [],
    "predictive_values": None,
    "decisions": {},
    "model": _ANSWERING_MODEL,
    "site": None,
}

_MODEL_DESCRIPTION: dict[str, Any] = _MODEL | {
    "description": "Compact network trained on the radiographs of all sources.",
    "default": True,
    "labels": [
        {
            "code": "normal",
            "display": {"en": "Normal", "es": "Normal"},
            "headline": dict(MESSAGES["headline_normal"]),
            "short": dict(MESSAGES["short_normal"]),
        },
        {
            "code": "covid_19",
            "display": {"en": "COVID-19", "es": "COVID-19"},
            "headline": dict(MESSAGES["headline_covid_19"]),
            "short": dict(MESSAGES["headline_covid_19"]),
        },
    ],
    "input_size": [112, 112],
    "preprocessing": {
        "rim": 0.0,
        "fit": "squash",
        "low_pass": None,
        "size": [112, 112],
        "mean": 0.0,
        "scale": 1.0,
        "channels": 1,
    },
    "operating_points": {
        "balanced": {
            "weights": {"normal": 0.5, "covid_19": 0.5},
            "cut_offs": {"normal": 0.5, "covid_19": 0.5},
            "target": "covid_19",
            "sensitivity": 0.9,
            "specificity": 0.96,
            "cases": 317,
            "controls": 1055,
            "elsewhere": {
                "value": 0.228,
                "low": 0.204,
                "high": 0.248,
                "n": 1490,
                "worst": {
                    "value": 0.288,
                    "low": 0.253,
                    "high": 0.322,
                    "n": 692,
                    "source": "qatar_tb",
                },
            },
            "figures": {"en": _DECISION["figures"], "es": []},
        }
    },
    "site": None,
    "conclusive_from": 0.9,
    "not_for_patients": False,
    "coverage": 0.95,
    "training": {},
    "metrics": {},
}

_FEEDBACK: dict[str, Any] = {
    "request_id": "0b6c1f6e-6a2f-4a57-9a55-2f1d5b6d0a11",
    "model": {"name": "multi-source", "version": "4"},
    "predicted_label": "covid_19",
    "opinion": "disagree",
    "corrected_label": "viral_pneumonia",
    "comment": "The child has had influenza for a week.",
}

_KEPT: dict[str, Any] = {
    "id": 17,
    "request_id": _VALIDATION["request_id"],
    "replaces": None,
}

_AGREEMENT: dict[str, Any] = {
    "model": "multi-source",
    "model_version": "4",
    "agree": 45,
    "disagree": 5,
    "not_sure": 2,
    "agreement": 0.9,
    "interval": [0.7864, 0.9565],
}

_RECORD: dict[str, Any] = {
    "number": 42,
    "created_at": "2026-01-31T12:00:00Z",
    "request_id": _VALIDATION["request_id"],
    "caller": "key:ward-3",
    "image": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "model": "multi-source",
    "model_version": "4",
    "model_sha256": _MODEL["sha256"],
    "engine": "compiled",
    "gate": "2",
    "site": None,
    "site_sha256": None,
    "p_value": None,
    "rejection": None,
    "ssim": 0.61,
    "gate_score": 0.99,
    "distance": -4.2,
    "findings": [],
    "probabilities": {"normal": 0.01, "covid_19": 0.97, "viral_pneumonia": 0.02},
    "operating_point": "balanced",
    "predicted_label": "covid_19",
    "prediction_set": ["covid_19"],
    "conclusive": True,
    "warnings": [],
    "seconds": {"decode": 0.004, "gate": 0.002, "inference": 0.006},
    "feedback": {
        "id": 17,
        "created_at": "2026-01-31T13:30:00Z",
        "opinion": "agree",
        "corrected_label": None,
        "comment": None,
    },
}

_DRIFT: dict[str, Any] = {
    "model": "multi-source",
    "model_version": "4",
    "measures": [
        {
            "measure": "ssim",
            "state": "shifted",
            "reference": "held_out",
            "radiographs": 500,
            "index": 0.31,
            "by_chance": 0.089,
        }
    ],
}

_STUDY = "1.2.826.0.1.3680043.8.498.17"

_WORKLIST: dict[str, Any] = {
    "studies": [
        {
            "study_instance_uid": _STUDY,
            "priority": _coded("certain_covid_19"),
            "films": 2,
            "received_at": "2026-01-31T12:00:00Z",
            "read_at": None,
            "request_ids": [_VALIDATION["request_id"]],
            "pictures": [f"/dicomweb/studies/{_STUDY}/series/2.25.3/instances/2.25.4/rendered"],
        }
    ],
    "notice": _NOTICE,
}

_READY: dict[str, Any] = {
    "status": "ready",
    "ready": True,
    "version": "0.1.0",
    "model": _MODEL,
    "records": "ok",
    "change": None,
}

_STARTING: dict[str, Any] = {
    "status": "starting",
    "ready": False,
    "version": "0.1.0",
    "model": None,
    "records": "off",
    "change": None,
}


_EXPLAINED: dict[str, Any] = _PREDICTION | {
    "explanation": {
        "label": "covid_19",
        "display_label": "COVID-19",
        "withheld": None,
        "map": {"height": 2, "width": 3, "values": [[0.0, 0.1, 0.0], [0.8, 0.2, 1.0]]},
        "drop": 0.41,
        "random_drop": 0.03,
        "largest_drop": 0.05,
        "lungs": [[{"x": 0.2, "y": 0.7}, {"x": 0.3, "y": 0.2}, {"x": 0.4, "y": 0.7}]],
        "strongest_spot": {
            "code": "inside_lungs",
            "message": message("inside_lungs", "en").format(share="93", low="90", high="95", n=412),
            "lung_finder": "1",
        },
        "notes": [
            {
                "code": "map_tested",
                "message": message("map_tested", "en").format(
                    label="COVID-19", marked="−41.0", other="−5.0"
                ),
            },
            _coded("map_does_not_mean"),
        ],
    }
}

_WITHHELD: dict[str, Any] = _PREDICTION | {
    "explanation": {
        "label": "covid_19",
        "display_label": "COVID-19",
        "withheld": _coded("map_not_faithful"),
        "map": None,
        "drop": 0.02,
        "random_drop": 0.03,
        "largest_drop": 0.05,
        "lungs": None,
        "strongest_spot": None,
        "notes": [],
    }
}


def _answered(label: str, display: str, probabilities: dict[str, float]) -> dict[str, Any]:
    """Return the answer to an image of a label."""
    headline = message(f"headline_{label}", "en")
    decision = _DECISION | {
        "predicted_label": label,
        "display_label": display,
        "prediction_set": [label],
        "headline": headline,
        "statement": "The automatic reading of the chest radiograph (multi-source 1):"
        f" {headline} (probability {probabilities[label]:.0%}).",
        "limits": [_coded("other_findings_not_looked_for")],
        "predictive_values": None,
    }
    return (
        _PREDICTION
        | decision
        | {
            "probabilities": probabilities,
            "decisions": {"balanced": decision},
        }
    )


def _refused_by(finding: str) -> dict[str, Any]:
    """Return the answer to an image that a finding refuses."""
    found = {**_coded(finding), "action": "refused"}
    consistency = _REJECTED_VALIDATION["consistency"] | {"findings": [found]}
    return _REJECTED_PREDICTION | {"consistency": consistency}


PREDICTIONS: dict[str, dict[str, Any]] = {
    "normal": _answered(
        "normal", "Normal", {"normal": 0.96, "covid_19": 0.01, "viral_pneumonia": 0.03}
    ),
    "covid_19": _PREDICTION,
    "viral_pneumonia": _answered(
        "viral_pneumonia",
        "Viral pneumonia",
        {"normal": 0.02, "covid_19": 0.01, "viral_pneumonia": 0.97},
    ),
    "uncertain": _UNCERTAIN_PREDICTION,
    "rejected": _refused_by("not_an_image_of_one_film")
    | {"consistency": _REJECTED_VALIDATION["consistency"] | {"findings": []}},
    "rejected_lateral": _REJECTED_PREDICTION,
    "rejected_other_modality": _refused_by("other_modality"),
}
"""Answers of `/predict`, by what they say."""


_BATCH: dict[str, Any] = {
    "request_id": _VALIDATION["request_id"],
    "answers": [
        {
            "index": 0,
            "filename": "first.dcm",
            "prediction": _PREDICTION | {"request_id": f"{_VALIDATION['request_id']}.0"},
            "problem": None,
        },
        {
            "index": 1,
            "filename": "second.png",
            "prediction": None,
            "problem": describe("empty-file")
            .model_copy(
                update={
                    "detail": sample_detail("empty-file", "en"),
                    "request_id": _VALIDATION["request_id"],
                }
            )
            .model_dump(),
        },
    ],
}

_JOB: dict[str, Any] = {
    "id": "0d2f6e3c5f7b4f0e9f6b6f0b2d7c9a11",
    "state": "queued",
    "created_at": "2026-01-31T12:00:00Z",
    "ended_at": None,
    "erased_at": None,
    "files": 2,
    "answered": 0,
    "problems": 0,
    "webhook": None,
    "answers": [],
}

_ENDED_JOB: dict[str, Any] = _JOB | {
    "state": "ended",
    "ended_at": "2026-01-31T12:00:02Z",
    "erased_at": "2026-02-01T12:00:02Z",
    "answered": 2,
    "problems": 1,
    "answers": _BATCH["answers"],
}

BY_OPERATION: dict[tuple[str, str], dict[str, Any]] = {
    ("/predict", "200"): PREDICTIONS,
    ("/predict/batch", "200"): {"batch": _BATCH},
    ("/jobs", "202"): {"queued": _JOB},
    ("/jobs/{job}", "200"): {"queued": _JOB, "ended": _ENDED_JOB},
    ("/validate", "200"): {"accepted": _VALIDATION, "rejected": _REJECTED_VALIDATION},
    ("/explain", "200"): {
        "explained": _EXPLAINED,
        "withheld": _WITHHELD,
        "rejected": _REJECTED_PREDICTION | {"explanation": None},
    },
    ("/report", "200"): {"explained": _EXPLAINED},
    ("/feedback", "201"): {"kept": _KEPT | {"replaces": 12}},
    ("/feedback", "200"): {"kept_before": _KEPT},
    ("/feedback/summary", "200"): {"summary": {"models": [_AGREEMENT]}},
    ("/drift", "200"): {"report": _DRIFT},
    ("/screenings", "200"): {"page": {"screenings": [_RECORD], "next": 42}},
    ("/screenings/{number}", "200"): {"recorded": _RECORD},
    ("/worklist", "200"): {"worklist": _WORKLIST},
    ("/models", "200"): {"models": {"models": [_MODEL_DESCRIPTION]}},
    ("/models/{name}/card", "200"): {"card": _MODEL_DESCRIPTION},
    ("/health", "200"): {"ready": _READY, "starting": _STARTING},
    ("/health", "503"): {"failed": _STARTING | {"status": "failed"}},
    ("/health/ready", "200"): {"ready": _READY},
    ("/health/live", "200"): {"alive": {"status": "ok"}},
}
"""Named answers in JSON, by path and status."""

EXAMPLES = {
    "Validation": [_VALIDATION, _REJECTED_VALIDATION],
    "Prediction": [_PREDICTION, _UNCERTAIN_PREDICTION, _REJECTED_PREDICTION],
    "ModelDescription": [_MODEL_DESCRIPTION],
    "Feedback": [_FEEDBACK],
    "Health": [_READY, _STARTING],
}
"""Answers, by the name of their schema."""


def add_examples(described: dict[str, Any]) -> None:
    """Add the examples to an app's description.

    FastAPI drops every null of an example that a schema itself carries.
    """
    for name, examples in EXAMPLES.items():
        described["components"]["schemas"][name]["examples"] = examples
    told = described["paths"]["/feedback"]["post"]["requestBody"]["content"]["application/json"]
    told["examples"] = {"disagreement": {"value": _FEEDBACK}}
    for (path, status), named in BY_OPERATION.items():
        operations = described["paths"][path].values()
        (responses,) = (it["responses"] for it in operations if status in it["responses"])
        answer = responses[status]["content"]["application/json"]
        answer["examples"] = {name: {"value": value} for name, value in named.items()}
