from __future__ import annotations

import httpx

from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings


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
