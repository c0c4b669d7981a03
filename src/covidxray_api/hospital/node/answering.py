"""A study is answered as one: its films are screened together, and its results made once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from covidxray_api.decoding import Limits
from covidxray_api.errors import RadiographError
from covidxray_api.hospital.fhir import fhir_bundle
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.image_reference import ImageReference
from covidxray_api.hospital.kinds import SOP_CLASSES, Kind
from covidxray_api.hospital.node.config import FhirDestination, NodeConfig
from covidxray_api.hospital.node.films import KeptFilm
from covidxray_api.hospital.node.ledger import Ledger, Made
from covidxray_api.hospital.results import encoded, results
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.rendering.renderer import Context
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.observer import Answered

VIEWS = ("PA", "AP")
"""View positions by which a film answers for its study, the best first."""

log = structlog.get_logger()


class Answering:
    """Answers studies.

    Parameters
    ----------
    ledger : Ledger
        Has the films, and notes what is made of them.
    config : NodeConfig
        What is made, and for whom.
    limits : Limits
        Bounds on what is inflated.
    model : str
        SHA-256 of the model that answers.
    worklist : ResultsStore, optional
        Where studies are listed by what is to be read first, with their results.
    """

    def __init__(
        self,
        ledger: Ledger,
        config: NodeConfig,
        limits: Limits,
        model: str,
        worklist: ResultsStore | None = None,
    ) -> None:
        self._ledger = ledger
        self._worklist = worklist
        self._limits = limits
        self._model = model
        self._language = config.language
        self._wanted: Mapping[str, Sequence[Kind]] = {
            each.name: each.results
            for each in config.destinations
            if not isinstance(each, FhirDestination)
        }
        self._fhir = {
            each.name for each in config.destinations if isinstance(each, FhirDestination)
        }

    def answer(self, study: str, screener: Screener, tell: Callable[[Answered], None]) -> None:
        """Screen the films of a study, and note its results, to be sent.

        A film that comes later is answered with those that are still kept; where that changes
        the results, they have other UIDs.

        Parameters
        ----------
        study : str
            Study Instance UID.
        screener : Screener
            Screens each film.
        tell : callable
            Is told of each new answer.

        Raises
        ------
        CovidXrayError
            If an answer must not be given.
        """
        screened: list[tuple[KeptFilm, Film]] = []
        request_id = str(uuid.uuid4())
        for kept in self._ledger.films.of_study(study):
            data = kept.path.read_bytes()
            try:
                reference = ImageReference.read(data, self._limits)
                with_map = bool(self._kinds([kept]) - {"structured_report"})
                film = Film(reference, screener.explain(data, with_map=with_map))
            except RadiographError as error:
                self._ledger.films.unreadable(kept, error.code, self._model)
                log.info("film unreadable", request_id=request_id, problem=error.code)
                continue
            if kept.is_new:
                tell(Answered(film.screening, data, request_id, kept.calling))
            screened.append((kept, film))
        if screened:
            self._note(screened, Context(self._language, request_id, datetime.now(UTC)))

    def _kinds(self, films: Iterable[KeptFilm]) -> frozenset[Kind]:
        """Return what any destination of some films wants."""
        names = {name for kept in films for name in kept.destinations}
        return frozenset(kind for name in names for kind in self._wanted.get(name, ()))

    def _note(self, screened: Sequence[tuple[KeptFilm, Film]], context: Context) -> None:
        every = {name for kept, _ in screened for name in kept.destinations}
        kinds = self._kinds(kept for kept, _ in screened)
        films = foremost_first([film for _, film in screened])
        made, objects = [], results(films, context, kinds)
        for result in objects:
            kind = SOP_CLASSES[result.SOPClassUID]
            names = tuple(sorted(name for name in every if kind in self._wanted.get(name, ())))
            made.append(Made(str(result.SOPInstanceUID), kind, encoded(result), names))
        if servers := tuple(sorted(every & self._fhir)):
            uid = films[0].uid(f"fhir/{context.language}")
            made.append(Made(uid, "fhir", fhir_bundle(films[0], context), servers))
        if self._worklist:
            # First, as it may be done twice: a study that is answered is not answered again.
            self._worklist.add(films, objects, context.made, context.request_id)
        self._ledger.answer([kept for kept, _ in screened], self._model, made)
        log.info(
            "study answered", request_id=context.request_id, films=len(screened), results=len(made)
        )


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
