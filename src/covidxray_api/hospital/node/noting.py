"""Noting the answers to studies: in the ledger, and wherever answers are counted and recorded."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from covidxray_api.hospital.node.ledger import Ledger
from covidxray_api.hospital.node.study_answer import StudyAnswer
from covidxray_api.serving.observer import Answered, Observer

log = structlog.get_logger()


class Noting:
    """Notes answers.

    Parameters
    ----------
    ledger : Ledger
        Has the films, and gets what is made of them.
    model : str
        SHA-256 of the model that answers.
    observers : sequence of Observer
        Are told of each new answer, in this order.
    """

    def __init__(self, ledger: Ledger, model: str, observers: Sequence[Observer]) -> None:
        self._ledger = ledger
        self._model = model
        self._observers = observers

    def note(self, answer: StudyAnswer) -> None:
        """Note an answer; once this returns, its results are on disk and will be sent.

        Raises
        ------
        CovidXrayError
            If the answer must not be given.
        OSError, sqlite3.Error
            If it cannot be noted.
        """
        name = answer.request_id
        for kept, problem in answer.unreadable:
            self._ledger.films.unreadable(kept, problem, self._model)
            log.info("film unreadable", request_id=name, problem=problem)
        for kept, screening in answer.screened:
            if kept.is_new:
                told = Answered(screening, kept.path, name, kept.calling)
                for observer in self._observers:
                    observer.answered(told)
        if answer.screened:
            films = [kept for kept, _ in answer.screened]
            self._ledger.answer(films, self._model, answer.made)
            log.info("study answered", request_id=name, films=len(films), results=len(answer.made))
