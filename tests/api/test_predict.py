from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageOps
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

PREDICTION: dict[str, type | tuple[type, ...]] = {
    "request_id": str,
    "rejected": bool,
    "rejection": (dict, type(None)),
    "predicted_label": (str, type(None)),
    "display_label": (str, type(None)),
    "probabilities": (dict, type(None)),
    "cut_offs": (dict, type(None)),
    "operating_point": (str, type(None)),
    "prediction_set": (list, type(None)),
    "uncertain": bool,
    "conclusive": bool,
    "headline": str,
    "candidates": list,
    "statement": str,
    "limits": list,
    "figures": list,
    "predictive_values": (dict, type(None)),
    "decisions": dict,
    "consistency": dict,
    "model": dict,
    "site": (dict, type(None)),
    "warnings": list,
    "reference": type(None),
    "notice": str,
}

HEADLINES = {
    "normal": "No sign of COVID-19 or viral pneumonia",
    "covid_19": "COVID-19",
    "viral_pneumonia": "Viral pneumonia",
}

CONSISTENCY = {"consistent", "gate", "score", "least_score", "ssim", "threshold", "findings"}


@pytest.mark.parametrize("label", ["normal", "covid_19", "viral_pneumonia"])
def test_a_composite_is_recognised(service: httpx.Client, examples: Path, label: str) -> None:
    data = (examples / f"{label}.png").read_bytes()

    answer = service.post("/predict", files={"file": data})

    assert answer.status_code == 200
    body = answer.json()
    assert body["rejected"] is False
    assert body["rejection"] is None
    assert body["consistency"]["consistent"] is True
    assert max(body["probabilities"], key=body["probabilities"].get) == label
    assert sum(body["probabilities"].values()) == pytest.approx(1)
    assert body["uncertain"] is (len(body["prediction_set"]) > 1)
    if body["conclusive"]:
        assert body["prediction_set"] == [body["predicted_label"]] == [label]
        assert body["headline"] == HEADLINES[label]
    else:
        assert body["headline"] == "Not conclusive"
        assert body["candidates"][0] == {"code": label, "display": HEADLINES[label]}


def test_what_is_no_radiograph_is_refused_without_a_diagnosis(
    service: httpx.Client, no_film: bytes
) -> None:
    answer = service.post("/predict", files={"file": no_film})

    assert answer.status_code == 200
    body = answer.json()
    assert body["rejected"] is True
    assert body["rejection"] == {
        "code": "not_a_chest_radiograph",
        "message": "The image is not a chest radiograph",
    }
    assert body["consistency"]["consistent"] is False
    assert body["predicted_label"] is body["display_label"] is body["probabilities"] is None
    assert body["prediction_set"] is None
    assert body["uncertain"] is False


@pytest.mark.parametrize("fixture", ["film", "no_film"])
def test_the_answer_has_the_promised_fields(
    service: httpx.Client, request: pytest.FixtureRequest, fixture: str
) -> None:
    body = service.post("/predict", content=request.getfixturevalue(fixture)).json()

    assert body.keys() == PREDICTION.keys()
    assert all(isinstance(body[name], kind) for name, kind in PREDICTION.items())
    assert body["consistency"].keys() == CONSISTENCY
    assert body["model"].keys() == {"name", "version", "sha256", "engine"}


@pytest.mark.parametrize(
    "media_type",
    ["image/png", "application/octet-stream", "application/x-www-form-urlencoded", "text/plain"],
)
def test_a_raw_body_is_answered_as_a_form_is(
    service: httpx.Client, film: bytes, media_type: str
) -> None:
    form = service.post("/predict", files={"file": film}).json()

    raw = service.post("/predict", content=film, headers={"Content-Type": media_type}).json()

    assert raw | {"request_id": ""} == form | {"request_id": ""}


def test_a_raw_body_needs_no_content_type(service: httpx.Client, film: bytes) -> None:
    request = service.build_request("POST", "/predict", content=film)
    assert "content-type" not in request.headers

    assert service.send(request).json()["predicted_label"] == "normal"


def test_a_film_larger_than_a_megabyte_arrives_whole(service: httpx.Client, film: bytes) -> None:
    padded = film + bytes(3 * 1024 * 1024)

    form = service.post("/predict", files={"file": padded}).json()
    raw = service.post("/predict", content=padded).json()

    assert form["consistency"] == raw["consistency"]
    assert form["predicted_label"] == "normal"


def test_a_model_is_chosen_by_name(service: httpx.Client, film: bytes) -> None:
    stored = {model["name"]: model for model in service.get("/models").json()["models"]}

    for name, model in stored.items():
        body = service.post("/predict", params={"model": name}, content=film).json()
        named = {key: model[key] for key in ("name", "version", "sha256")}
        assert body["model"] == {**named, "engine": "compiled"}
        assert list(body["probabilities"]) == [label["code"] for label in model["labels"]]


def test_the_default_model_answers_when_none_is_named(service: httpx.Client, film: bytes) -> None:
    body = service.post("/predict", content=film).json()

    assert body["model"]["name"] == "multi-source"


def test_warnings_say_what_was_decided(service: httpx.Client, film: bytes) -> None:
    stream = io.BytesIO()
    image = Image.open(io.BytesIO(film)).convert("L")
    image.save(stream, "TIFF", save_all=True, append_images=[image])

    body = service.post("/predict", content=stream.getvalue()).json()

    assert body["warnings"] == [
        {
            "code": "first_frame_used",
            "message": "The file holds several images; only the first was read. Check that it is"
            " the frontal one.",
        }
    ]


class TestValidate:
    def test_a_film_is_consistent(self, service: httpx.Client, film: bytes) -> None:
        body = service.post("/validate", files={"file": film}).json()

        assert body.pop("request_id")
        consistency = body.pop("consistency")
        assert body == {
            "rejected": False,
            "rejection": None,
            "warnings": [],
            "reference": None,
            "notice": "Decision support, not a diagnosis: a radiologist must read the radiograph."
            " No other disease is looked for.",
        }
        assert consistency["score"] >= consistency["least_score"]
        assert consistency["ssim"] >= consistency["threshold"]
        assert consistency["consistent"] is True
        assert consistency["findings"] == []

    def test_another_image_is_not(self, service: httpx.Client, no_film: bytes) -> None:
        body = service.post("/validate", content=no_film).json()

        assert body["rejected"] is True
        assert body["rejection"]["code"] == "not_a_chest_radiograph"
        assert body["consistency"]["score"] < body["consistency"]["least_score"]
        assert body["consistency"]["ssim"] < body["consistency"]["threshold"]


def test_an_operating_point_and_a_prevalence_can_be_chosen(
    service: httpx.Client, film: bytes
) -> None:
    listed = service.get("/models").json()["models"]
    (default,) = (model for model in listed if model["default"])
    for name, point in default["operating_points"].items():
        body = service.post(
            "/predict", params={"operating_point": name, "prevalence": 0.1}, content=film
        ).json()
        assert body["operating_point"] == name
        values = body["predictive_values"]
        # A hospital that uses the service is one more of those that it had not seen.
        called, alarmed = 0.1 * point["sensitivity"], 0.9 * point["elsewhere"]["value"]
        assert values["elsewhere"] is True
        assert values["positive"] == pytest.approx(called / (called + alarmed))
        assert values["target"] == point["target"] == "covid_19"


@pytest.mark.parametrize(
    ("params", "status", "slug"),
    [
        ({"operating_point": "lucky"}, 400, "unknown-operating-point"),
        ({"prevalence": "1"}, 400, "invalid-request"),
        ({"prevalence": "often"}, 400, "invalid-request"),
    ],
)
def test_what_cannot_be_chosen_is_a_problem(
    service: httpx.Client, film: bytes, params: dict[str, str], status: int, slug: str
) -> None:
    answer = service.post("/predict", params=params, content=film)
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{slug}"


def test_a_model_with_other_classes_is_served_as_data(service: httpx.Client, film: bytes) -> None:
    body = service.post("/predict", params={"model": "four-class"}, content=film).json()
    assert set(body["probabilities"]) == {
        "normal", "covid_19", "viral_pneumonia", "bacterial_pneumonia"
    }  # fmt: skip
    assert sum(body["probabilities"].values()) == pytest.approx(1)


class TestGate:
    def test_similarity_can_decide_alone(self, service: httpx.Client, film: bytes) -> None:
        for path in ("/predict", "/validate"):
            body = service.post(path, params={"gate": "ssim"}, content=film).json()
            assert body["rejected"] is False
            consistency = body["consistency"]
            assert consistency["score"] is consistency["least_score"] is None
            assert consistency["findings"] == []

    def test_an_unknown_gate(self, service: httpx.Client, film: bytes) -> None:
        answer = service.post("/predict", params={"gate": "lucky"}, content=film)
        assert answer.status_code == 400
        assert "learned" in answer.json()["detail"]

    def test_a_film_turned_and_inverted_is_read_as_it_should_lie(
        self, service: httpx.Client, film: bytes
    ) -> None:
        upright = service.post("/predict", content=film).json()
        with Image.open(io.BytesIO(film)) as image:
            turned = ImageOps.invert(image.convert("L").transpose(Image.Transpose.ROTATE_180))
        body = service.post("/predict", content=png(turned)).json()
        assert body["probabilities"] == pytest.approx(upright["probabilities"], abs=1e-6)
        findings = body["consistency"]["findings"]
        assert [found["code"] for found in findings] == ["rotated_180", "inverted"]
        assert {found["action"] for found in findings} == {"corrected"}

    def test_part_of_a_film_is_refused_with_what_to_do(
        self, service: httpx.Client, film: bytes
    ) -> None:
        with Image.open(io.BytesIO(film)) as image:
            width, height = image.size
            part = image.convert("L").crop((0, 0, width // 2, height // 2))
        body = service.post("/predict", content=png(part), headers={"Accept-Language": "es"}).json()
        assert body["rejected"] is True
        (found,) = body["consistency"]["findings"]
        assert found["code"] == "cropped"
        assert found["action"] == "refused"
        assert found["message"].startswith("Falta parte de los pulmones.")

    def test_a_faint_film_is_read_and_warned_of(self, service: httpx.Client, film: bytes) -> None:
        with Image.open(io.BytesIO(film)) as image:
            faint = image.convert("L").point([110 + level // 8 for level in range(256)])
        body = service.post("/predict", content=png(faint)).json()
        assert body["rejected"] is False
        (found,) = body["consistency"]["findings"]
        assert (found["code"], found["action"]) == ("low_contrast", "warned")


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("path", ["/predict", "/validate", "/explain", "/report"])
def test_a_reference_is_repeated_but_not_logged(
    service: httpx.Client, film: bytes, path: str
) -> None:
    headers = {"X-Reference": "ACC 2026/0173", "Accept": "application/json"}
    with capture_logs([merge_contextvars]) as lines:
        answer = service.post(path, content=film, headers=headers)

    assert answer.json()["reference"] == "ACC 2026/0173"
    assert lines
    assert "2026/0173" not in str(lines)


@pytest.mark.parametrize("reference", ["", "x" * 65, "Núñez", "tab\there"])
def test_what_is_no_reference_is_refused(
    service: httpx.Client, film: bytes, reference: str
) -> None:
    headers = {b"X-Reference": reference.encode("latin-1")}

    answer = service.post("/predict", content=film, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-request"
    assert "X-Reference" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/predict", "/explain", "/report"])
def test_every_answer_takes_a_prevalence(service: httpx.Client, film: bytes, path: str) -> None:
    answer = service.post(
        path,
        params={"prevalence": 0.1},
        content=film,
        headers={"Accept": "application/json", "Accept-Language": "es"},
    )

    values = answer.json()["predictive_values"]
    assert values["prevalence"] == 0.1
    assert values["message"].startswith("Si 10 de cada 100 pacientes tienen COVID-19: de 100 ")
