"""Inference: an `Engine` turns tensors into probabilities, whatever computes them."""

from covidxray_api.inference.engine import Engine, Explains, Measures
from covidxray_api.inference.model import LoadedModel
from covidxray_api.inference.registry import ModelRegistry

__all__ = ["Engine", "Explains", "LoadedModel", "Measures", "ModelRegistry"]
