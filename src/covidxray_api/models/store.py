"""`model_store/<name>/<version>/`: the one place that reads and writes stored models.

A stored model is its folder: ``model.keras`` (the source of truth), ``model.onnx`` (compiled from
it, and what serves) and ``manifest.json``, which tells the service all that it knows of it. Labels,
input size, calibration and decision rules are data here and appear nowhere in code.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from covidxray_api.errors import CorruptArtefact, UnknownModel
from covidxray_api.models.artefacts import MANIFEST, next_version, verify, versions, write_manifest
from covidxray_api.models.manifest import WEIGHTS, Manifest


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model's folder with its manifest; files are not yet verified."""

    folder: Path
    manifest: Manifest

    @property
    def sha256(self) -> str:
        """Hash of the weights, by which an answer can be traced to its network."""
        return self.manifest.files[WEIGHTS]

    def verify(self) -> None:
        """Compare every file with its hash.

        Raises
        ------
        CorruptArtefact
            If a file is missing or differs from what was published.
        """
        verify(self.folder, self.manifest.files)


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
        """Return the names of the stored models, sorted."""
        return sorted({path.parents[1].name for path in self.root.glob(f"*/*/{MANIFEST}")})

    def get(self, name: str, version: str | None = None) -> StoredModel:
        """Return a version of a model; the newest if none is named.

        Raises
        ------
        UnknownModel
            If no model has that name, or the model has no such version.
        CorruptArtefact
            If its manifest cannot be read.
        """
        # The name comes from a request: it is looked up, never joined to a path.
        if name not in self.names():
            raise UnknownModel(name=name, known=tuple(self.names()))
        folders = {folder.name: folder for folder in versions(self.root / name)}
        version = version or list(folders)[-1]
        if version not in folders:
            raise UnknownModel("version", name=name, version=version, known=tuple(folders))
        folder = folders[version]
        try:
            manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        except ValidationError as error:
            raise CorruptArtefact("manifest", path=folder / MANIFEST, fault=str(error)) from error
        return StoredModel(folder, manifest)

    def all(self) -> list[StoredModel]:
        """Return the newest version of every model, sorted by name."""
        return [self.get(name) for name in self.names()]

    def next_version(self, name: str) -> str:
        """Return the version that the next publication of `name` gets."""
        return next_version(self.root / name)

    def write_manifest(self, manifest: Manifest) -> StoredModel:
        """Store `manifest` beside its files, which must already be in place."""
        folder = self.folder_of(manifest.name, manifest.version)
        write_manifest(manifest, folder)
        return StoredModel(folder, manifest)

    def folder_of(self, name: str, version: str) -> Path:
        """Return where a version of a model lives, whether it exists or not."""
        return self.root / name / version
