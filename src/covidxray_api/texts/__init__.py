"""Every sentence that a person reads, in English and Spanish.

Answers carry codes; renderers look the words up here, so that a new language is one new column.
"""

from __future__ import annotations

from covidxray_api.texts.answers import ANSWERS
from covidxray_api.texts.decisions import DECISIONS
from covidxray_api.texts.job import JOB
from covidxray_api.texts.language import LANGUAGES, Language
from covidxray_api.texts.report import REPORT
from covidxray_api.texts.site import SITE

__all__ = ["LANGUAGES", "MESSAGES", "Language", "message"]

MESSAGES = {**ANSWERS, **DECISIONS, **REPORT, **JOB, **SITE}


def message(code: str, language: Language) -> str:
    """Return the text of `code` in `language`.

    Raises
    ------
    KeyError
        If there is no such code: a fault of this program, which a test catches.
    """
    return MESSAGES[code][language]
