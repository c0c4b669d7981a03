"""A study is answered as one: its films are screened together, and its results made once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from covidxray_api.decoding import Limits
from covidxray_api.decoding.deadline import awaited_until
from covidxray_api.errors import RadiographError
from covidxray_api.hospital.fhir import fhir_bundle
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.image_reference import ImageReference
from covidxray_api.hospital.kinds import SOP_CLASSES, Kind
from covidxray_api.hospital.node.config import FhirDestination, NodeConfig
from covidxray_api.hospital.node.films import KeptFilm
from covidxray_api.hospital.node.ledger import Made
from covidxray_api.hospital.node.study_answer import StudyAnswer
from covidxray_api.hospital.results import encoded, results
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.rendering.renderer import Context
from covidxray_api.screening.screener import Screener

VIEWS = ("PA", "AP")
"""View positions by which a film answers for its study, the best first."""


class Answering:
    """Answers studies.

    Parameters
    ----------
    screener : Screener
        Screens each film.
    config : NodeConfig
        What is made, and for whom.
    limits : Limits
        Bounds on what is inflated.
    deadline_s : float
        Time that decoding a film may take, in seconds.
    worklist : ResultsStore, optional
        Where studies are listed by what is to be read first, with their results.
    """

    def __init__(
        self,
        screener: Screener,
        config: NodeConfig,
        limits: Limits,
        deadline_s: float,
        worklist: ResultsStore | None = None,
    ) -> None:
        self._screener = screener
        self._worklist = worklist
        self._limits = limits
        self._deadline_s = deadline_s
        self._language = config.language
        self._wanted: Mapping[str, Sequence[Kind]] = {
            each.name: each.results
            for each in config.destinations
            if not isinstance(each, FhirDestination)
        }
        self._fhir = {
            each.name for each in config.destinations if isinstance(each, FhirDestination)
        }

    def answer(self, films: Sequence[KeptFilm]) -> StudyAnswer:
        """Screen the films of a study, and return what is made of them, to be noted and sent.

        A film that comes later is answered with those that are still kept; where that changes
        the results, they have other UIDs.

        Parameters
        ----------
        films : sequence of KeptFilm
            At least one.

        Raises
        ------
        CovidXrayError
            If an answer must not be given.
        """
        screened: list[tuple[KeptFilm, Film]] = []
        unreadable: list[tuple[KeptFilm, str]] = []
        for kept in films:
            try:
                screened.append((kept, self._screened(kept)))
            except RadiographError as error:
                unreadable.append((kept, error.code))
        context = Context(self._language, str(uuid.uuid4()), datetime.now(UTC))
        return StudyAnswer(
            context.request_id,
            tuple((kept, film.screening) for kept, film in screened),
            tuple(unreadable),
            tuple(self._made(screened, context)) if screened else (),
        )

    def _screened(self, kept: KeptFilm) -> Film:
        data = kept.path.read_bytes()
        reference = ImageReference.read(data, self._limits)
        with_map = bool(self._kinds([kept]) - {"structured_report"})
        with awaited_until(time.monotonic() + self._deadline_s):
            return Film(reference, self._screener.explain(data, with_map=with_map))

    def _kinds(self, films: Iterable[KeptFilm]) -> frozenset[Kind]:
        """Return what any destination of some films wants."""
        names = {name for kept in films for name in kept.destinations}
        return frozenset(kind for name in names for kind in self._wanted.get(name, ()))

    def _made(self, screened: Sequence[tuple[KeptFilm, Film]], context: Context) -> Iterator[Made]:
        every = {name for kept, _ in screened for name in kept.destinations}
        films = foremost_first([film for _, film in screened])
        objects = results(films, context, self._kinds(kept for kept, _ in screened))
        if self._worklist:
            # Before the ledger knows of it: a study that is answered is not answered again.
            self._worklist.add(films, objects, context.made, context.request_id)
        for result in objects:
            kind = SOP_CLASSES[result.SOPClassUID]
            names = tuple(sorted(name for name in every if kind in self._wanted.get(name, ())))
            yield Made(str(result.SOPInstanceUID), kind, encoded(result), names)
        if servers := tuple(sorted(every & self._fhir)):
            uid = films[0].uid(f"fhir/{context.language}")
            yield Made(uid, "fhir", fhir_bundle(films[0], context), servers)


def foremost_first(films: Sequence[Film]) -> list[Film]:
    """Return the films of a study, the one that answers for it first.

    That is a frontal one if there is any, posteroanterior before anteroposterior before one that
    states no view, and among several the latest.
    """

    def rank(numbered: tuple[int, Film]) -> tuple[bool, int, int]:
        number, film = numbered
        view = (film.explained.radiograph.view_position or "").upper()
        place = VIEWS.index(view) if view in VIEWS else len(VIEWS)
        return film.screening.decision is None, place, -number

    return [film for _, film in sorted(enumerate(films), key=rank)]
