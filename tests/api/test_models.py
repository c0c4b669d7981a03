from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]


def test_every_stored_model_is_listed_with_what_it_says_of_itself(service: httpx.Client) -> None:
    listed = service.get("/models").json()["models"]

    store = ModelStore(Settings().model_store)
    stored = [store.get(name) for name in store.names()]
    assert [model["name"] for model in listed] == [model.manifest.name for model in stored]
    for body, model in zip(listed, stored, strict=True):
        manifest = model.manifest.model_dump(mode="json")
        for fact in ("version", "description", "training", "preprocessing"):
            assert body[fact] == manifest[fact]
        names = [{"code": label["code"], "display": label["display"]} for label in body["labels"]]
        assert names == manifest["labels"]
        for rule in ("conclusive_from", "not_for_patients"):
            assert body[rule] == manifest[rule]
        assert body["metrics"] == model.evidence
        assert body["input_size"] == manifest["preprocessing"]["size"]
        assert body["sha256"] == model.sha256


def test_evidence_is_left_out_where_it_is_not_wanted(service: httpx.Client) -> None:
    whole, brief = (
        service.get(f"/models{asked}").json()["models"] for asked in ("", "?evidence=false")
    )

    assert brief == [{**model, "training": {}, "metrics": {}} for model in whole]
    assert brief != whole


def test_one_model_is_the_default(service: httpx.Client) -> None:
    listed = service.get("/models").json()["models"]

    assert [model["name"] for model in listed if model["default"]] == ["multi-source"]


def test_labels_have_names_in_both_languages(service: httpx.Client) -> None:
    for model in service.get("/models").json()["models"]:
        for label in model["labels"]:
            for kind in ("display", "headline", "short"):
                assert label[kind]["en"]
                assert label[kind]["es"]


@pytest.mark.parametrize("path", ["/models", "/models?evidence=false", "/models/multi-source/card"])
def test_what_a_caller_holds_is_not_sent_again(service: httpx.Client, path: str) -> None:
    first = service.get(path)
    tag = first.headers["etag"]

    assert tag.startswith('"')
    assert first.headers["cache-control"] == "private, no-cache"
    for held in (tag, f'"other", W/{tag}', "*"):
        again = service.get(path, headers={"If-None-Match": held})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert "content-type" not in again.headers
    changed = service.get(path, headers={"If-None-Match": '"other"'})
    assert (changed.status_code, changed.content) == (200, first.content)


def test_each_form_of_an_answer_has_a_tag_of_its_own(service: httpx.Client) -> None:
    forms = [
        *(service.get(f"/models{asked}") for asked in ("", "?evidence=false")),
        *(
            service.get("/models/multi-source/card", headers={"Accept": media_type})
            for media_type in ("text/markdown", "application/json")
        ),
    ]
    assert len({form.headers["etag"] for form in forms}) == 4


def test_the_card_is_that_of_the_store(service: httpx.Client) -> None:
    stored = ModelStore(Settings().model_store).get("multi-source")

    card = service.get("/models/multi-source/card")

    assert card.headers["content-type"].partition(";")[0] == "text/markdown"
    assert card.headers["vary"] == "Accept"
    assert card.headers["content-language"] == "en"
    assert card.text == (stored.folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_the_card_in_figures_is_what_the_list_states(service: httpx.Client) -> None:
    card = service.get("/models/seed-cnn/card", headers={"Accept": "application/json"}).json()

    listed = service.get("/models").json()["models"]
    assert card == next(model for model in listed if model["name"] == "seed-cnn")


def test_there_is_no_card_of_an_unknown_model_or_as_a_picture(service: httpx.Client) -> None:
    unknown = service.get("/models/none/card")
    picture = service.get("/models/multi-source/card", headers={"Accept": "image/png"})

    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-model")
    assert (picture.status_code, picture.json()["type"]) == (406, "/problems/not-acceptable")


def test_a_model_stored_without_a_card_has_its_figures_alone(serve: Serve, tmp_path: Path) -> None:
    shutil.copytree(Settings().model_store / "multi-source", tmp_path / "multi-source")
    for card in tmp_path.glob("*/*/MODEL_CARD.md"):
        card.unlink()

    with serve(Settings(model_store=tmp_path)) as client:
        figures = client.get("/models/multi-source/card")
        text = client.get("/models/multi-source/card", headers={"Accept": "text/markdown"})

    assert figures.json()["name"] == "multi-source"
    assert text.status_code == 406
