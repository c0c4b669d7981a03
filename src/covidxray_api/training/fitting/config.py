"""What a training run is: one TOML file in `configs/`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, Field, ValidationError, model_validator

from covidxray_api.errors import DatasetError
from covidxray_api.models.artefacts import Declaration, fault_of
from covidxray_api.models.manifest import Label
from covidxray_api.training.data.dataset import LabelledImage


class Phase(NamedTuple):
    """Epochs of a run that see the radiographs at one size."""

    begin: int
    end: int
    """First epoch and the one after the last, counted from 0."""

    size: tuple[int, int]
    """Height and width of the radiographs, in pixels."""


class Softening(Declaration):
    """What is taken from a radiograph because it tells the hospital rather than the disease."""

    detail: tuple[int, int]
    """Least and most pixels a side that training leaves of a radiograph."""

    rim: float = Field(ge=0, lt=0.5)
    """Largest share of its side that training cuts from each edge."""

    pool: int = Field(gt=0)
    """Side, in pixels of the input, of the squares that the served network averages."""

    crop: int = Field(ge=0)
    """Rows and columns of such squares that the served network cuts from each edge."""


class Continuation(Declaration):
    """A run that goes on from the end of the main one; the weights of all are averaged."""

    add: tuple[str, ...] = ()
    """Sources that the main run left out and this one learns from, all of them."""

    images: int = Field(gt=0)
    """Radiographs drawn."""

    learning_rate: float = Field(gt=0)
    """Largest step size."""


class TrainingConfig(Declaration):
    """A training run, complete: the same file and images give the same network."""

    name: str
    """Name under which the model is stored."""

    description: str
    """One sentence for people who choose between models."""

    not_for_patients: bool = False
    """Whether the model is stored as evidence or for comparison alone."""

    network: Literal["seed_cnn", "residual", "efficientnet_lite"]
    """Architecture, from `networks.py`."""

    input_size: tuple[int, int]
    """Height and width of the network's input, in pixels."""

    labels: tuple[Label, ...]
    """Classes in the order of the network's outputs."""

    teach: Mapping[str, Mapping[str, float]] = {}
    """What radiographs of other labels are taught: their label, then a share for each class."""

    seed_subset_only: bool = False
    """Train on the radiographs that stand for the paper's set and no others."""

    leave_out: tuple[str, ...] = ()
    """Sources that training must not see."""

    split: Literal["stratified", "group"]
    """`stratified` as in the paper, image by image; `group` keeps a patient's images together."""

    validation_share: float = Field(gt=0, lt=1)
    """Share of the radiographs held out."""

    epochs: int = Field(gt=0)
    """Passes; one draws as many radiographs as there are to train on, or `images_per_epoch`."""

    # The configurations of models published before hold the second name.
    images_per_epoch: int | None = Field(
        default=None, validation_alias=AliasChoices("images_per_epoch", "films_per_epoch")
    )
    """Radiographs drawn in an epoch; all of them once if not given."""

    small_first: tuple[int, int] | None = None
    """Height and width at which the first seven tenths of the epochs see the radiographs, which
    teaches a network of any input size most of what it learns in less time; the rest are at full
    size."""

    batch_size: int = 32
    """Radiographs in a step."""

    learning_rate: float = 1e-3
    """Largest step size of Adam; falls to 0 along a cosine if `augment`."""

    weight_decay: float = 0.0
    """Decoupled weight decay (Loshchilov & Hutter 2019)."""

    label_smoothing: float = 0.0
    """Share of each target that is spread over all classes (Szegedy et al. 2016)."""

    balance: bool = False
    """Draw classes alike often and sources within a class by the root of their size."""

    draw: Mapping[str, float] = {}
    """How often a class is drawn if `balance`, relative to 1 for those not named."""

    augment: bool = False
    """Take away source cues; see `augmentation.py`."""

    soften: Softening | None = None
    """Take fine detail and rim away, at random in training and alike when serving; only
    `efficientnet_lite` can be served so."""

    pretrained: bool = False
    """Begin with what the network has learned of photographs; see docs/training.md."""

    averaging: float | None = Field(default=None, gt=0, lt=1)
    """Momentum by which the weights of all steps are averaged (Polyak & Juditsky 1992)."""

    continuations: tuple[Continuation, ...] = ()
    """Runs that each go on from the main one, among other sources; what is stored is the average of
    their weights and its own (Wortsman et al. 2022, Model soups, section 3)."""

    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    """Arithmetic of training; the stored network is float32 either way."""

    seed: int = 2021
    """Seed of every source of chance."""

    @model_validator(mode="after")
    def _fits_the_network(self) -> Self:
        if self.network != "efficientnet_lite" and (self.soften or self.pretrained):
            raise ValueError(f"soften and pretrained are for efficientnet_lite, not {self.network}")
        return self

    @classmethod
    def read(cls, path: Path) -> TrainingConfig:
        """Read a configuration.

        Raises
        ------
        DatasetError
            If the file is no valid configuration.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
            raise DatasetError("configuration", path=path, fault=fault_of(error)) from error

    @property
    def codes(self) -> list[str]:
        """Label codes in the order of the network's outputs."""
        return [label.code for label in self.labels]

    @property
    def added(self) -> set[str]:
        """Sources that some continuation learns from and the main run does not."""
        return {source for each in self.continuations for source in each.add}

    def continuation(self, number: int) -> TrainingConfig:
        """Return the run of a continuation, counted from 0."""
        chosen = self.continuations[number]
        return self.model_copy(
            update={
                "leave_out": tuple(name for name in self.leave_out if name not in chosen.add),
                "epochs": 1,
                "images_per_epoch": chosen.images,
                "learning_rate": chosen.learning_rate,
                "pretrained": False,
                "seed": self.seed + 1 + number,
                "continuations": (),
            }
        )

    @property
    def phases(self) -> list[Phase]:
        """The phases of training, in order."""
        if self.small_first is None:
            return [Phase(0, self.epochs, self.input_size)]
        turn = round(0.7 * self.epochs)
        return [Phase(0, turn, self.small_first), Phase(turn, self.epochs, self.input_size)]

    def suitable(self, images: Sequence[LabelledImage]) -> list[LabelledImage]:
        """Return the radiographs that this run may learn from or be validated on."""
        return [
            image
            for image in images
            if self.teaches(image)
            and image.source not in self.leave_out
            and (image.in_seed_subset or not self.seed_subset_only)
        ]

    def teaches(self, image: LabelledImage) -> bool:
        """Return whether a radiograph's label is one that the network can learn something from."""
        return image.label in self.codes or image.label in self.teach

    def targets(self, images: Sequence[LabelledImage]) -> NDArray[np.float32]:
        """Return what each radiograph teaches: float32, shape (n, classes), rows sum to 1."""
        shares = {code: {code: 1.0} for code in self.codes} | dict(self.teach)
        rows = [[shares[image.label].get(code, 0.0) for code in self.codes] for image in images]
        return np.array(rows, dtype=np.float32)
