"""One view of the model store: what can be asked, and what has been loaded of it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import structlog

from covidxray_api.errors import CorruptArtefact, UnknownModel
from covidxray_api.inference.loading import Load, load_model
from covidxray_api.inference.model import LoadedModel
from covidxray_api.models.artefacts import versions
from covidxray_api.models.site import Site
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.radiograph import Radiograph

log = structlog.get_logger()


class ModelRegistry:
    """The models of a store as it was when the registry was made, each loaded when first asked for.

    What is published later is seen by the next process: all that this one answers is of one view. A
    folder that holds no readable model is logged and left out.

    Parameters
    ----------
    store : ModelStore
        Where the models are.
    default : str
        Name of the model that answers when none is asked for.
    load : callable
        Makes a stored model ready to answer.
    site : Site, optional
        Whose operating points replace those of the default model.

    Raises
    ------
    InvalidSiteProfile
        If the site's profile was fitted for another model than the default one.
    UnknownModel
        If there is a site, and no default model.
    """

    def __init__(
        self,
        store: ModelStore,
        default: str,
        load: Load = load_model,
        site: Site | None = None,
    ) -> None:
        self.default = default
        self._load = load
        self._versions = _read(store)
        if site:
            answering = self.find().at(site)
            self._versions[default] = [*self._versions[default][:-1], answering]
        self._loaded: dict[str, LoadedModel] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def stored(self) -> list[StoredModel]:
        """Return the version of every model that answers, sorted by name."""
        return [versions[-1] for versions in self._versions.values()]

    def every_version(self) -> list[StoredModel]:
        """Return all versions of every model, sorted by name, that which answers last."""
        return [stored for versions in self._versions.values() for stored in versions]

    def find(self, name: str | None = None, version: str | None = None) -> StoredModel:
        """Return a version of a model, loaded or not; that which answers if none is named.

        Raises
        ------
        UnknownModel
            If no model has that name, or the model has no such version.
        """
        name = name or self.default
        versions = self._versions.get(name)
        if versions is None:
            raise UnknownModel(name=name, known=tuple(self._versions))
        if version is None:
            return versions[-1]
        known = {stored.manifest.version: stored for stored in versions}
        if version not in known:
            raise UnknownModel("version", name=name, version=version, known=tuple(known))
        return known[version]

    def get(self, name: str | None = None) -> LoadedModel:
        """Return the version of a model that answers, ready to do so.

        Who asks for a model that is being loaded waits for it; who asks for another does not.

        Raises
        ------
        UnknownModel
            If no model has that name.
        CorruptArtefact
            If its files are not those that were published.
        """
        stored = self.find(name)
        key = stored.manifest.name
        if key not in self._loaded:
            with self._locks[key]:
                if key not in self._loaded:
                    model = self._load(stored)
                    # No request pays for the first inference of an image.
                    model.probabilities(Radiograph(np.zeros((64, 64), np.uint8), "warm-up"))
                    self._loaded[key] = model
        return self._loaded[key]

    def is_loaded(self, name: str | None = None) -> bool:
        """Return whether a model answers at once."""
        return self.find(name).manifest.name in self._loaded


def _read(store: ModelStore) -> dict[str, Sequence[StoredModel]]:
    """Return the versions of each model, oldest first; that which answers is the last."""
    found: dict[str, Sequence[StoredModel]] = {}
    for name in store.names():
        readable = {stored.manifest.version: stored for stored in _readable(store, name)}
        try:
            answering = store.promoted(name) or next(reversed(readable), None)
        except CorruptArtefact as error:
            log.error("stored model left out", model=name, reason=str(error))
            continue
        if answering in readable:
            last = readable.pop(answering)
            found[name] = [*readable.values(), last]
        elif answering:
            log.error("stored model left out", model=name, promoted=answering)
    return found


def _readable(store: ModelStore, name: str) -> Iterator[StoredModel]:
    for folder in versions(store.root / name):
        try:
            yield StoredModel.read(folder)
        except CorruptArtefact as error:
            log.error("stored model left out", folder=str(folder), reason=str(error))
