"""Consistency: is the image a frontal chest radiograph at all?"""

from covidxray_api.consistency.ssim import Consistency, Reference

__all__ = ["Consistency", "Reference"]
