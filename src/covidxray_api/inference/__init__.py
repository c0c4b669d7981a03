"""Inference: an `Engine` turns tensors into probabilities, whatever computes them."""

from covidxray_api.inference.engine import Engine
from covidxray_api.inference.registry import LoadedModel, ModelRegistry

__all__ = ["Engine", "LoadedModel", "ModelRegistry"]
