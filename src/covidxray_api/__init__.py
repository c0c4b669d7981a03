"""Chest-radiograph screening: from an uploaded file to an honest answer."""

from importlib.metadata import version

__version__ = version("covidxray-api")

__all__ = ["__version__"]
