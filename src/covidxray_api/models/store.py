"""`model_store/<name>/<version>/`: the one place that reads and writes stored models.

A stored model is its folder: ``manifest.json``, which tells the service all that it knows of it,
the networks that it lists, ``model.keras`` (the source of truth) and ``model.onnx`` (compiled, and
what serves), and beside them the evidence: what was measured, and the model card. Labels,
preprocessing, calibration and decision rules are data here and appear nowhere in code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from covidxray_api.errors import CorruptArtefact, InvalidSiteProfile, UnknownModel
from covidxray_api.models.artefacts import (
    CARD,
    EVIDENCE,
    MANIFEST,
    Draft,
    fault_of,
    new_version,
    read_json,
    verify,
    versions,
)
from covidxray_api.models.evidence import (
    Elsewhere,
    Share,
    false_positives_elsewhere,
    strongest_outside_lungs,
)
from covidxray_api.models.manifest import Manifest
from covidxray_api.models.promotion import promoted, write_promoted
from covidxray_api.models.site import Site


@dataclass(frozen=True, slots=True, eq=False)
class StoredModel:
    """A published version of a model, as it was read; its files are not yet verified."""

    folder: Path
    manifest: Manifest
    sha256: str
    """SHA-256 of the manifest, which lists those of the networks: it names the artefact."""

    site: Site | None = None
    """The site whose operating points replace those that were published."""

    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)
    """False positives at hospitals left out of training, by operating point, as far as they were
    measured when the model was read; nothing is known of a site's operating points."""

    outside_lungs: Mapping[str, Share] = field(default_factory=dict)
    """How often saliency maps are strongest outside the lungs, by label code, likewise."""

    @classmethod
    def read(cls, folder: Path) -> StoredModel:
        """Read the manifest in a folder.

        Raises
        ------
        CorruptArtefact
            If there is none that can be read, or it is another model's, or the evidence beside it
            cannot be read.
        """
        path = folder / MANIFEST
        try:
            content = path.read_bytes()
            manifest = Manifest.model_validate_json(content)
        except (OSError, ValidationError) as error:
            raise CorruptArtefact("manifest", path=path, fault=fault_of(error)) from error
        if (manifest.name, manifest.version) != (folder.parent.name, folder.name):
            fault = f"it is of {manifest.name} {manifest.version}"
            raise CorruptArtefact("manifest", path=path, fault=fault)
        path_of_evidence = folder / EVIDENCE
        try:
            evidence = read_json(path_of_evidence)
            elsewhere = false_positives_elsewhere(evidence)
            outside_lungs = strongest_outside_lungs(evidence)
        except (OSError, ValueError) as error:
            raise CorruptArtefact(
                "manifest", path=path_of_evidence, fault=fault_of(error)
            ) from error
        sha256 = hashlib.sha256(content).hexdigest()
        return cls(folder, manifest, sha256, None, elsewhere, outside_lungs)

    @property
    def evidence(self) -> dict[str, Any]:
        """What was measured, each figure with its data set, protocol and n; empty if nothing."""
        return read_json(self.folder / EVIDENCE)

    @property
    def card(self) -> str | None:
        """The model card, as Markdown in English; None if there is none."""
        path = self.folder / CARD
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def at(self, site: Site) -> StoredModel:
        """Return the model with the operating points of a site.

        Raises
        ------
        InvalidSiteProfile
            If the site's profile was fitted for another model or version.
        """
        fitted = site.profile.model
        if fitted.sha256 != self.sha256:
            raise InvalidSiteProfile(
                "other_model",
                path=site.path,
                fitted=f"{fitted.name} {fitted.version} ({fitted.sha256[:12]})",
                model=f"{self.manifest.name} {self.manifest.version} ({self.sha256[:12]})",
            )
        return replace(self, manifest=site.profile.applied(self.manifest), site=site, elsewhere={})

    def verify(self) -> None:
        """Compare the folder with the manifest; see `artefacts.verify`."""
        verify(self.folder, self.manifest.files, self.manifest.training_files)


class ModelStore:
    """The stored models of one folder.

    Parameters
    ----------
    root : Path
        Folder that holds `<name>/<version>/`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Return the names of the folders that hold versions, sorted."""
        return sorted({path.parents[1].name for path in self.root.glob(f"*/*/{MANIFEST}")})

    def folders(self) -> Iterator[Path]:
        """Yield the folder of every published version, by name, oldest first."""
        for name in self.names():
            yield from versions(self.root / name)

    def get(self, name: str, version: str | None = None) -> StoredModel:
        """Return a version of a model; that which answers if none is named.

        Raises
        ------
        UnknownModel
            If no model has that name, or the model has no such version.
        CorruptArtefact
            If its manifest, or which version answers, cannot be read.
        """
        return StoredModel.read(self.folder(name, version))

    def folder(self, name: str, version: str | None = None) -> Path:
        """Return the folder of a version of a model; of that which answers if none is named.

        Raises
        ------
        UnknownModel
            If no model has that name, or the model has no such version.
        CorruptArtefact
            If it cannot be read which version answers.
        """
        of_model = self._folder_of(name)
        folders = {folder.name: folder for folder in versions(of_model)}
        if version is None:
            version = self.promoted(name) or next(reversed(folders), "")
        if version not in folders:
            raise UnknownModel("version", name=name, version=version, known=tuple(folders))
        return folders[version]

    def promoted(self, name: str) -> str | None:
        """Return the version of a model that was promoted last; None if none ever was.

        Raises
        ------
        UnknownModel
            If no model has that name.
        CorruptArtefact
            If it cannot be read.
        """
        return next(reversed(promoted(self._folder_of(name))), None)

    def promote(self, name: str, version: str) -> None:
        """Let a version of a model answer where none is named; nothing of it is verified here.

        Raises
        ------
        UnknownModel
            If no model has that name, or the model has no such version.
        CorruptArtefact
            If it cannot be written, or what was there cannot be read.
        """
        folder = self.folder(name, version).parent
        before = promoted(folder) or [self.folder(name).name]
        write_promoted(folder, [*(it for it in before if it != version), version])

    def roll_back(self, name: str) -> str:
        """Let the version answer again that answered before the latest promotion; return it.

        Raises
        ------
        UnknownModel
            If no model has that name, or no other version of it answered before.
        CorruptArtefact
            If it cannot be written, or what was there cannot be read.
        """
        folder = self._folder_of(name)
        earlier = promoted(folder)[:-1]
        if not earlier:
            raise UnknownModel("nothing_before", name=name)
        before = self.folder(name, earlier[-1]).name
        write_promoted(folder, earlier)
        return before

    def new_version(self, name: str) -> AbstractContextManager[Draft]:
        """Make the next version of a model; see `artefacts.new_version`."""
        return new_version(self.root / name)

    def _folder_of(self, name: str) -> Path:
        # The name comes from a request: it is looked up, never joined to a path.
        if name not in self.names():
            raise UnknownModel(name=name, known=tuple(self.names()))
        return self.root / name
