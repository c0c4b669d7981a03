"""Inference: an `Engine` turns tensors into probabilities, whatever computes them."""

from covidxray_api.inference.engine import Engine
from covidxray_api.inference.models import LoadedModel, Models

__all__ = ["Engine", "LoadedModel", "Models"]
