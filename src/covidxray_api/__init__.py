"""Chest-radiograph screening: from an uploaded file to an honest answer."""

import os
from importlib.metadata import version

# ONNX Runtime from 1.29 on reports what it runs to its maker, unless told otherwise before it is
# imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = version("covidxray-api")

__all__ = ["__version__"]
