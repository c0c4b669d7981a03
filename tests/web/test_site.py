"""The page says which site's operating points hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from covidxray_api.models.artefacts import write_json
from covidxray_api.models.site import ModelVersion
from covidxray_api.models.site_fitting import fit_site
from covidxray_api.models.store import ModelStore
from covidxray_api.screening.site import known_hospitals
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Visit

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]


@pytest.fixture
def address(serve: Serve, tmp_path: Path) -> Iterator[str]:
    """Where a service is whose site scores so high that its use is advised against."""
    stored = ModelStore(Settings().model_store).get(Settings().default_model)
    model = ModelVersion(
        name=stored.manifest.name, version=stored.manifest.version, sha256=stored.sha256
    )
    scores = np.linspace(1e6, 1e9, 60).tolist()
    profile = fit_site("North Clinic", model, known_hospitals(stored), scores)
    write_json(tmp_path / "site.json", profile.model_dump(mode="json"))
    with serve(Settings(site=tmp_path / "site.json")) as client:
        yield f"{client.base_url}/"


def test_an_answer_names_the_site_and_warns(visit: Visit, drop: Drop, film: bytes) -> None:
    page = visit()
    drop(page, {"film.png": film})

    expect(page.locator(".facts")).to_contain_text("North Clinic, by 60 of its radiographs; p = ")
    expect(page.locator(".notes")).to_contain_text("advises against use here")
