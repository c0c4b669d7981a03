"""Screening: the pipeline from bytes to an answer, and the answer."""

from covidxray_api.screening.screener import Screener

__all__ = ["Screener"]
