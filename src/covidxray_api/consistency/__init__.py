"""Consistency: is the image a frontal chest radiograph at all?"""

from covidxray_api.consistency.check import Check, Consistency
from covidxray_api.consistency.gate import Gate
from covidxray_api.consistency.quality import Finding
from covidxray_api.consistency.ssim import Reference

__all__ = ["Check", "Consistency", "Finding", "Gate", "Reference"]
