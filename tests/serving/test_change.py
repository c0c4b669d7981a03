"""Models are changed while the service runs."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.serving.versions import NAME, damage, first_version, next_version
from tests.signing import make_keys

from covidxray_api.models.signatures import read_signing_key, sign
from covidxray_api.screening.screening import Screening
from covidxray_api.serving.change import ModelChange, Outcome
from covidxray_api.serving.composition import compose
from covidxray_api.serving.service import AdmittedRequest, ScreeningService
from covidxray_api.settings import Settings, shipped

Use = Callable[[ScreeningService, ModelChange], Awaitable[None]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the version that answers first."""
    return first_version(tmp_path)


def using(folder: Path, use: Use, **settings: Path) -> None:
    """Use a service of a store."""

    async def run() -> None:
        store = folder.parents[1]
        chosen = Settings.model_validate({"model_store": store, "default_model": NAME, **settings})
        service = compose(chosen, start_first=True)
        async with service.running():
            await use(service, ModelChange(service))

    asyncio.run(run())


async def screened(request: AdmittedRequest, film: bytes) -> Screening:
    return await request.run(lambda screener: screener.screen(film))


def outcome(change: ModelChange) -> Outcome | None:
    """Return how it went; a call, so that nobody takes it for what it was before."""
    return change.outcome


def changes(service: ScreeningService, kind: str) -> float | None:
    registry = service.metrics.registry
    return registry.get_sample_value("covidxray_model_changes_total", {"outcome": kind})


def test_another_version_answers_from_the_switch_on(folder: Path, film: bytes) -> None:
    async def use(service: ScreeningService, change: ModelChange) -> None:
        version = next_version(folder).name
        with service.admit() as before:
            assert await change.load()
            assert outcome(change) == "loaded"
            assert service.model
            assert service.model.manifest.version == folder.name
            change.switch()
            old = await screened(before, film)
        with service.admit() as after:
            new = await screened(after, film)

        assert (old.model.manifest.version, new.model.manifest.version) == (folder.name, version)
        assert old.probabilities != new.probabilities
        assert service.model.manifest.version == version
        assert outcome(change) == "switched"
        assert changes(service, "switched") == 1
        assert (await service.models()).find().manifest.version == version
        for model, built in ((old, 0), (new, 1)):
            labels = {"model_version": model.model.manifest.version}
            (sample,) = (
                sample
                for metric in service.metrics.registry.collect()
                for sample in metric.samples
                if sample.name == "covidxray_build_info" and labels.items() <= sample.labels.items()
            )
            assert sample.value == built

    using(folder, use)


def test_what_cannot_be_loaded_changes_nothing(folder: Path, film: bytes) -> None:
    async def use(service: ScreeningService, change: ModelChange) -> None:
        other = next_version(folder)
        damage(other / "model.onnx")
        assert not await change.load()
        change.switch()

        assert outcome(change) == "failed"
        assert changes(service, "failed") == 1
        with service.admit() as request:
            assert (await screened(request, film)).model.manifest.version == folder.name

    using(folder, use)


def test_a_version_that_is_not_signed_as_it_stands_does_not_answer(
    folder: Path, tmp_path: Path
) -> None:
    private, public = make_keys(tmp_path)
    reference = tmp_path / "reference"
    shutil.copytree(shipped("reference"), reference)
    for path in (folder, *(it.parent for it in reference.rglob("manifest.json"))):
        sign(path, read_signing_key(private))

    async def use(service: ScreeningService, change: ModelChange) -> None:
        next_version(folder)
        assert not await change.load()
        change.switch()

        assert outcome(change) == "failed"
        assert service.model
        assert service.model.manifest.version == folder.name

    using(folder, use, model_keys=public, reference=reference)


def test_what_was_loaded_is_dropped_where_another_process_could_not(folder: Path) -> None:
    async def use(service: ScreeningService, change: ModelChange) -> None:
        next_version(folder)
        assert await change.load()
        change.drop()
        change.switch()

        assert outcome(change) == "failed"
        assert service.model
        assert service.model.manifest.version == folder.name

        assert await change.load()
        change.switch()
        assert outcome(change) == "switched"

    using(folder, use)


def test_what_is_dropped_while_it_loads_never_answers(folder: Path) -> None:
    async def use(service: ScreeningService, change: ModelChange) -> None:
        next_version(folder)
        loading = asyncio.create_task(change.load())
        await asyncio.sleep(0)
        change.drop()
        assert not await loading
        change.switch()

        assert outcome(change) == "failed"
        assert changes(service, "failed") == 1

    using(folder, use)
