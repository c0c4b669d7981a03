"""The figures of an answer as people read them."""

from __future__ import annotations

from typing import Any

from covidxray_api.texts.language import Language
from covidxray_api.texts.numbers import percent

Figures = list[tuple[str, str]]


def figures(decided: dict[str, Any], shares: dict[str, float], language: Language) -> Figures:
    """Return probability and cut-off of each label, as they must be shown everywhere.

    Parameters
    ----------
    decided : dict
        A decision in JSON.
    shares : dict of str to float
        The probabilities in JSON.
    language : str
        Language of the reader.
    """
    cut_offs = decided["cut_offs"]
    return [
        (percent(share, language), percent(cut_offs[code], language))
        for code, share in shares.items()
    ]
