"""What every DICOM object of an answer says of the one that made it, and when."""

from __future__ import annotations

from typing import Any, Final

from pydicom import Dataset

from covidxray_api import __version__
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering.renderer import Context

MANUFACTURER: Final = "covidxray-api"


def equipment(model: StoredModel) -> dict[str, Any]:
    """Return the General Equipment module (PS3.3, C.7.5.1), as highdicom's arguments."""
    manifest = model.manifest
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": f"{manifest.name} {manifest.version}",
        "software_versions": __version__,
        "device_serial_number": model.sha256,
    }


def device_uid(model: StoredModel) -> str:
    """Return the UID of a model that answers, as a UUID (PS3.5, section B.2)."""
    return f"2.25.{int(model.sha256[:32], 16)}"


def date(made: Dataset, context: Context) -> None:
    """Write into an object when its answer was given, in the local time of the service.

    An offset from UTC would hold for the study's own date and time too, whose zone is not known.
    """
    when = context.made.astimezone()
    day, time = f"{when:%Y%m%d}", f"{when:%H%M%S}"
    for name in ("InstanceCreation", "Series", "Content"):
        setattr(made, f"{name}Date", day)
        setattr(made, f"{name}Time", time)
