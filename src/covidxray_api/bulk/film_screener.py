"""What each worker of a job does: bytes in, a row out, whatever happens."""

from __future__ import annotations

import base64
import sys
import traceback
from dataclasses import dataclass

import cv2

from covidxray_api.archives import Contents
from covidxray_api.bulk.row import Found, Origin, Row, answered, failed, row
from covidxray_api.bulk.sources import Film, read
from covidxray_api.decoding.reduction import fitted
from covidxray_api.errors import CovidXrayError
from covidxray_api.models.decision import find_operating_point
from covidxray_api.radiograph import Radiograph
from covidxray_api.rendering.wording import short_name
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import GateName, Settings
from covidxray_api.texts import Language

THUMBNAIL = 96
"""Longer side of a thumbnail, in pixels."""


@dataclass(frozen=True, slots=True)
class Job:
    """How films are screened; each worker is given one."""

    settings: Settings
    model: str | None = None
    operating_point: str | None = None
    gate: GateName | None = None
    language: Language = "en"
    thumbnails: bool = False
    """Whether a small picture of each film comes with its row."""


Task = tuple[Film, Contents | None]
"""A film, with its bytes where they had to be read on the way to it."""

Done = tuple[Row, str | None]
"""A row, and the thumbnail as base64 of a JPEG."""


class FilmScreener:
    """Screens films of a job.

    Parameters
    ----------
    job : Job
        How.

    Raises
    ------
    CorruptArtefact, InvalidConfiguration, InvalidSiteProfile, UnknownModel, UnknownOperatingPoint
        If nothing could be answered so; see `Screener`.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._screener = Screener.from_settings(job.settings)
        model = self._screener.models.get(job.model)
        point = find_operating_point(model.manifest, job.operating_point)
        self.origin = Origin.of(model, point, job.language)
        """What answers."""
        self.labels = tuple(model.manifest.codes)
        """Codes of the labels of the model."""
        self.names = {
            label.code: short_name(label, model.manifest, job.language)
            for label in model.manifest.labels
        }
        """What each label is called."""

    def __call__(self, task: Task) -> Done:
        """Return the row of a film; what goes wrong is in it."""
        film, contents = task
        data: bytes | None = None
        thumbnail = None
        try:
            if isinstance(contents, CovidXrayError):
                raise contents
            data = (
                read(film.path, self._job.settings.max_body_bytes) if contents is None else contents
            )
            found, thumbnail = self._screened(data)
        except CovidXrayError as error:
            found = failed(error, self._job.language)
        except Exception:
            # A fault of this program over one film must not cost the others their answers.
            sys.stderr.write(f"{film.shown()}:\n{traceback.format_exc()}")
            found = failed(CovidXrayError("at_the_shell"), self._job.language)
        return row(film, data, found, self.origin), thumbnail

    def lost(self, task: Task) -> Done:
        """Return the row of a film over which a worker ended or hung."""
        fault = failed(CovidXrayError("at_the_shell"), self._job.language)
        return row(task[0], None, fault, self.origin), None

    def _screened(self, data: bytes) -> tuple[Found, str | None]:
        job = self._job
        asked = (data, job.model, job.operating_point, None, job.gate)
        if not job.thumbnails:
            return answered(self._screener.screen(*asked), job.language), None
        explained = self._screener.explain(*asked, with_map=False)
        found = answered(explained.screening, job.language)
        return found, _thumbnail(explained.radiograph)


def _thumbnail(radiograph: Radiograph) -> str:
    small = fitted(radiograph.pixels, THUMBNAIL)
    return base64.b64encode(cv2.imencode(".jpg", small)[1].tobytes()).decode()
