"""`model_store/<name>/<version>/`: the one place that reads and writes stored models.

A stored model is its folder: ``model.keras`` (the source of truth), ``model.onnx`` (compiled from
it, and what serves) and ``manifest.json``, which tells the service all that it knows of it. Labels,
input size, calibration and decision rules are data here and appear nowhere in code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from covidxray_api.errors import CorruptArtefact, UnknownModel
from covidxray_api.messages import Language

MANIFEST = "manifest.json"
WEIGHTS = "model.keras"
COMPILED = "model.onnx"
CARD = "MODEL_CARD.md"


class Frozen(BaseModel):
    """A declaration in a file: it does not change, and has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Label(Frozen):
    """One class that the network tells apart."""

    code: str
    """Stable name in answers, e.g. `covid_19`."""

    display: Mapping[Language, str]
    """Name shown to people, by language (`en`, `es`)."""

    @field_validator("display")
    @classmethod
    def _every_language(cls, display: Mapping[Language, str]) -> Mapping[Language, str]:
        if missing := set(get_args(Language)) - set(display):
            raise ValueError(f"there is no name in {', '.join(sorted(missing))}")
        return display


class PredictionSet(Frozen):
    """Which labels an answer cannot rule out: split conformal prediction, class by class."""

    coverage: float = Field(gt=0, lt=1)
    """Least share of new patients of each class whose label is in the set, if they come from the
    sources that it was fitted on (Vovk 2012; Angelopoulos & Bates 2023, section 4.2)."""

    least: Mapping[str, float]
    """Least calibrated probability with which a label is in the set, by label code."""


class OperatingPoint(Frozen):
    """A choice between missing disease and alarming for nothing."""

    threshold: Mapping[str, float]
    """Decision threshold by label code; the label is the one whose probability is the largest
    multiple of its threshold."""

    target: str
    """Label that sensitivity and specificity are about."""

    sensitivity: float = Field(ge=0, le=1)
    """Share of held-out films with the target that are called so."""

    specificity: float = Field(ge=0, le=1)
    """Share of the other held-out films that are not, other findings among them."""

    films: tuple[int, int]
    """Number of films behind sensitivity and specificity."""


class Parity(Frozen):
    """How the compiled form compares with Keras."""

    compiler: str
    """Name and version of what compiled it."""

    films: int
    """Real films on which both were asked."""

    largest_difference: float
    """Largest difference of a probability."""

    labels_changed: int
    """Films whose most probable label differs."""

    probe: tuple[float, ...]
    """What Keras says of `inference.models.probe`; asked again at each load."""


class Manifest(Frozen):
    """What a stored model says of itself."""

    name: str
    """Name of the model: its folder."""

    version: str
    """Version of the model: a whole number, counted up at each publication."""

    description: str
    """One sentence for people who choose between models."""

    labels: tuple[Label, ...] = Field(min_length=2)
    """Classes in the order of the network's outputs."""

    input_size: tuple[int, int]
    """Height and width of the network's input, in pixels."""

    temperature: float = Field(default=1.0, gt=0)
    """Calibration: logits are divided by it (Guo et al. 2017); 1 leaves them as they are."""

    prediction_set: PredictionSet | None = None
    """Rule of the prediction set; without one, it holds the predicted label alone."""

    operating_points: Mapping[str, OperatingPoint] = {}
    """Operating points by name; `balanced` holds where a request names none. Without any, the most
    probable label is the answer."""

    training: Mapping[str, Any] = {}
    """How it was trained: configuration, and number of films by source and label."""

    metrics: Mapping[str, Any] = {}
    """What was measured when it was published, each with its data set, protocol and n."""

    parity: Parity | None = None
    """How the compiled form compares with Keras; none if there is no compiled form."""

    files: Mapping[str, str]
    """SHA-256 of each file beside the manifest, by file name."""


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


def verify(folder: Path, files: Mapping[str, str]) -> None:
    """Compare files with their hashes.

    Parameters
    ----------
    folder : Path
        Where the files are.
    files : mapping of str to str
        SHA-256 of each, by file name.

    Raises
    ------
    CorruptArtefact
        If a file is missing or differs from what was published.
    """
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise CorruptArtefact(f"{path} is missing.")
        if sha256_of(path) != expected:
            raise CorruptArtefact(f"{path} does not have the hash in its manifest.")


def versions(folder: Path) -> list[Path]:
    """Return the folders of the versions of one artefact, oldest first."""
    found = (path.parent for path in folder.glob(f"*/{MANIFEST}"))
    return sorted(found, key=lambda version: int(version.name))


def next_version(folder: Path) -> str:
    """Return the version that the next publication of an artefact gets."""
    known = versions(folder)
    return str(int(known[-1].name) + 1) if known else "1"


def write_manifest(manifest: BaseModel, folder: Path) -> None:
    """Store a manifest beside the files that it is about."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
            known = ", ".join(self.names()) or "none"
            raise UnknownModel(f"There is no model named {name!r}; stored are: {known}.")
        folders = {folder.name: folder for folder in versions(self.root / name)}
        version = version or list(folders)[-1]
        if version not in folders:
            known = ", ".join(folders)
            raise UnknownModel(f"{name} has no version {version!r}; stored are: {known}.")
        folder = folders[version]
        try:
            manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        except ValidationError as error:
            raise CorruptArtefact(f"{folder / MANIFEST}: {error}") from error
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
