"""The DICOM results that the service keeps, where its operator wants them kept."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Path, Request

from covidxray_api.errors import ResultsUnavailable
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from covidxray_api.hospital.results_store import ResultsStore


UID: Final = "^[0-9.]{1,64}$"
"""What a UID looks like (PS3.5, section 9.1)."""

Study = Annotated[
    str,
    Path(
        pattern=UID,
        description="Study Instance UID.",
        examples=["1.2.826.0.1.3680043.8.498.17"],
    ),
]


def studies_url(request: Request) -> str:
    """Return where studies are found by DICOMweb, as the caller addresses the service."""
    return f"{str(request.base_url).rstrip('/')}/dicomweb/studies"


class ServiceResults:
    """Results of films that were sent as DICOM.

    Parameters
    ----------
    settings : Settings
        Where they are kept, and for how long.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def store(self) -> ResultsStore:
        """Where they are kept.

        Raises
        ------
        ResultsUnavailable
            If they are not, if what writes them is not installed, or the disk fails.
        """
        if self._settings.results is None:
            raise ResultsUnavailable("off")
        # Not with the module: highdicom takes as long to load as all the rest.
        try:
            from covidxray_api.hospital.results_store import ResultsStore
        except ModuleNotFoundError as error:
            raise ResultsUnavailable("extra") from error
        return ResultsStore(self._settings.results, self._settings.results_hours)
