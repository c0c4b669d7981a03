"""The whole domain in one call: bytes in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Self

import numpy as np
import structlog

from covidxray_api.consistency import Check, Gate
from covidxray_api.decoding import Levels, Limits, decode, inspect, levels_of
from covidxray_api.errors import CorruptArtefact
from covidxray_api.explanation import explain
from covidxray_api.inference import ModelRegistry
from covidxray_api.inference.loading import Load, load_model
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.lungs import LungFinder
from covidxray_api.models.decision import Decision, decide, find_operating_point, target_ratio
from covidxray_api.models.signatures import TrustedKeys, unsigned
from covidxray_api.models.site import Site
from covidxray_api.models.store import ModelStore
from covidxray_api.radiograph import Radiograph
from covidxray_api.screening.screening import Explained, Screening, Validation, find_label
from covidxray_api.settings import GateName, Settings

OVERSAMPLING = 3
"""A reduced image keeps so many times the pixels of the largest network input on each side: where
336 are kept for 112, probabilities move by less than 0.02, as a test holds."""

log = structlog.get_logger()


class Screener:
    """The pipeline: decode, check, infer, decide.

    Parameters
    ----------
    models : ModelRegistry
        The networks that can answer.
    checks : mapping of str to Check
        What tells a chest radiograph from all else, by name.
    gate : str
        Name of the one that holds where none is named.
    limits : Limits
        Bounds on what is decoded.
    lungs : LungFinder, optional
        Tells of saliency maps whether they are strongest in the lungs.
    """

    def __init__(
        self,
        models: ModelRegistry,
        checks: Mapping[GateName, Check],
        gate: GateName,
        limits: Limits,
        lungs: LungFinder | None = None,
    ) -> None:
        self.models = models
        self.checks = checks
        self._gate = gate
        self._lungs = lungs
        self.limits = limits
        """Bounds on what is decoded."""

    @classmethod
    def from_settings(cls, settings: Settings, load: Load | None = None) -> Self:
        """Build the pipeline that the settings describe; loads no network yet.

        Parameters
        ----------
        settings : Settings
            Every knob.
        load : callable, optional
            Makes a stored model ready to answer; with the engine of the settings if none.

        Raises
        ------
        CorruptArtefact
            If the model store, the reference, the gate or the lung finder cannot be read, or one
            of them or any model lacks the signature that the settings ask for.
        InvalidConfiguration
            If the file of trusted keys cannot be used.
        InvalidSiteProfile
            If the site profile cannot be read, or was fitted for another model.
        """
        if not settings.model_store.is_dir():
            raise CorruptArtefact("missing", path=settings.model_store)
        here = partial(load_model, engine=settings.engine, threads=settings.inference_threads)
        keys = TrustedKeys.read(settings.model_keys) if settings.model_keys else None
        engine = partial(OnnxEngine, threads=settings.inference_threads)
        gate = Gate.load(settings.reference, engine, keys)
        models = ModelRegistry(
            ModelStore(settings.model_store),
            settings.default_model,
            load or here,
            Site.read(settings.site) if settings.site else None,
        )
        if keys:
            for stored in models.every_version():
                keys.check(stored.folder, stored.sha256)
                if names := unsigned(stored.folder):
                    log.warning("not signed", folder=str(stored.folder), names=names)
        return cls(
            models,
            {"learned": gate, "ssim": gate.reference},
            settings.gate,
            Limits.of(settings),
            LungFinder.load(settings.reference, engine, keys),
        )

    @property
    def gate_version(self) -> str | None:
        """Version of the learned gate, where it decides by default."""
        return self.checks[self._gate].version

    def decode(self, data: bytes, kept_side: int) -> Radiograph:
        """Decode a file, whatever it shows.

        Parameters
        ----------
        data : bytes
            The file, in any format that `decoding` reads.
        kept_side : int
            Pixels that both sides keep where a large image is reduced.

        Raises
        ------
        RadiographError
            If the file cannot be decoded within the limits.
        """
        return decode(data, replace(self.limits, kept_side=kept_side))

    def levels(self, data: bytes, longest: int) -> Levels:
        """Decode a file, whatever it shows, without the window that it states.

        Parameters
        ----------
        data : bytes
            The file, in any format that `decoding` reads.
        longest : int
            Most pixels of a side of the answer.

        Raises
        ------
        RadiographError
            If the file cannot be decoded within the limits.
        """
        return levels_of(inspect(data, replace(self.limits, kept_side=longest)), longest)

    def validate(self, data: bytes, gate: GateName | None = None) -> Validation:
        """Tell whether a file is a frontal chest radiograph, without asking a model.

        Parameters
        ----------
        data : bytes
            The file, in any format that `decoding` reads.
        gate : str, optional
            What tells; the default one if none.

        Raises
        ------
        RadiographError
            If the file cannot be decoded within the limits.
        """
        check = self.checks[gate or self._gate]
        return self.checked(data, OVERSAMPLING * check.side, gate)[0]

    def screen(
        self,
        data: bytes,
        model: str | None = None,
        operating_point: str | None = None,
        prevalence: float | None = None,
        gate: GateName | None = None,
    ) -> Screening:
        """Screen a file.

        Parameters
        ----------
        data : bytes
            The file, in any format that `decoding` reads.
        model : str, optional
            Name of the model to ask; the default one if none.
        operating_point : str, optional
            Name of one of the model's operating points; `balanced` if none.
        prevalence : float, optional
            Share of patients with the point's target, for predictive values.
        gate : str, optional
            What tells a chest radiograph from all else; the default one if none.

        Returns
        -------
        Screening
            With probabilities if the image is consistent with a chest radiograph.

        Raises
        ------
        RadiographError
            If the file cannot be decoded within the limits.
        UnknownModel
            If no model has that name.
        UnknownOperatingPoint
            If the model has no such operating point.
        """
        return self._screened(data, model, operating_point, prevalence, gate)[0]

    def explain(
        self,
        data: bytes,
        model: str | None = None,
        operating_point: str | None = None,
        prevalence: float | None = None,
        gate: GateName | None = None,
        label: str | None = None,
        *,
        with_map: bool = True,
    ) -> Explained:
        """Screen a file, and tell which parts of it speak for a label.

        Parameters
        ----------
        data, model, operating_point, prevalence, gate
            See `screen`.
        label : str, optional
            Code of the label that is explained; see `Decision.foremost` if none.
        with_map : bool
            Whether it is asked which parts they are: most of the work.

        Raises
        ------
        RadiographError, UnknownModel, UnknownOperatingPoint
            See `screen`.
        UnknownLabel
            If the model has no such label.
        """
        chosen = self.models.get(model)
        asked = find_label(chosen.manifest, label) if label else None
        screening, sent, upright = self._screened(data, model, operating_point, prevalence, gate)
        if screening.decision is None or not with_map:
            return Explained(screening, sent, None)
        found = explain(chosen, upright, (asked or screening.decision.foremost).code)
        if found.map is not None:
            turns = screening.validation.consistency.quarter_turns
            spot = outlines = None
            if self._lungs:
                lungs = self._lungs.find(upright.pixels)
                spot = self._lungs.spot(lungs, found.map)
                outlines = self._lungs.outlines(np.rot90(lungs, -turns))
            found = replace(found, map=np.rot90(found.map, -turns), spot=spot, lungs=outlines)
        return Explained(screening, sent, found)

    def _screened(
        self,
        data: bytes,
        model: str | None,
        operating_point: str | None,
        prevalence: float | None,
        gate: GateName | None,
    ) -> tuple[Screening, Radiograph, Radiograph]:
        """Return the answer, the image as it was sent, and as it was classified."""
        chosen = self.models.get(model)
        check = self.checks[gate or self._gate]
        point = find_operating_point(chosen.manifest, operating_point)
        kept_side = OVERSAMPLING * max(check.side, *chosen.manifest.input_size)
        validation, sent, upright = self.checked(data, kept_side, gate)
        probabilities, distance, seconds = None, None, validation.seconds
        if validation.rejection is None:
            begun = perf_counter()
            probabilities, distance = chosen.infer(upright)
            seconds = {**seconds, "inference": perf_counter() - begun}
        decisions: Mapping[str | None, Decision] = {}
        if probabilities:
            elsewhere = chosen.stored.elsewhere
            decisions = decide(chosen.manifest, probabilities, prevalence, elsewhere)
        site, p_value = chosen.stored.site, None
        if site:
            warnings = (*validation.warnings, *site.profile.doubts)
            validation = replace(validation, warnings=warnings)
            if probabilities:
                p_value = site.profile.p_value(target_ratio(chosen.manifest, probabilities))
        screening = Screening(
            validation=validation,
            model=chosen.stored,
            engine=chosen.engine_name,
            operating_point=point,
            probabilities=probabilities,
            decisions=decisions,
            p_value=p_value,
            distance=distance,
            seconds=seconds,
        )
        return screening, sent, upright

    def checked(
        self, data: bytes, kept_side: int, gate: GateName | None
    ) -> tuple[Validation, Radiograph, Radiograph]:
        """Return what was found of the image, the image as it was sent, and upright.

        Parameters
        ----------
        data, gate
            See `validate`.
        kept_side : int
            See `decode`.

        Raises
        ------
        RadiographError
            If the file cannot be decoded within the limits.
        """
        check = self.checks[gate or self._gate]
        begun = perf_counter()
        sent = self.decode(data, kept_side)
        decoded = perf_counter()
        consistency, upright = check.check(sent)
        seconds = {"decode": decoded - begun, "gate": perf_counter() - decoded}
        return Validation(consistency, sent.warnings, seconds), sent, upright
