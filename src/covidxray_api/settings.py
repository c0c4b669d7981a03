"""Every knob of the service, each with the sentence that documents it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict


def shipped(name: str) -> Path:
    """Find a folder that travels with the package.

    Parameters
    ----------
    name : str
        ``"model_store"`` or ``"reference"``.

    Returns
    -------
    Path
        Inside the installed package for a wheel, at the top of the tree for a checkout.
    """
    package = Path(__file__).parent
    inside = package / "shipped" / name
    return inside if inside.is_dir() else package.parents[1] / name


class Settings(BaseSettings):
    """Read once at start from ``COVIDXRAY_*`` environment variables, then passed down."""

    model_config = SettingsConfigDict(
        env_prefix="COVIDXRAY_", frozen=True, use_attribute_docstrings=True, extra="forbid"
    )

    host: str = "127.0.0.1"
    """Address that the service listens on."""

    port: int = Field(default=8000, ge=0, le=65535)
    """Port that the service listens on; 0 takes a free one."""

    model_store: Path = shipped("model_store")
    """Folder of the stored models, `<name>/<version>/`."""

    reference: Path = shipped("reference")
    """Folder of the mean reference radiograph and its manifest."""

    default_model: str = "multi-source"
    """Model that answers when a request names none."""

    max_body_bytes: PositiveInt = 32 * 1024 * 1024
    """Largest accepted upload, in bytes; counted while it streams in."""

    max_pixels: PositiveInt = 64_000_000
    """Largest accepted image, in pixels; read from the header before pixels are allocated."""

    min_side: PositiveInt = 32
    """Smallest accepted height and width, in pixels."""

    workers: PositiveInt = 2
    """Threads that decode, check and infer, beside the event loop."""

    inference_threads: PositiveInt = 1
    """Threads that one inference may use."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged: debug, info, warning, error."""
