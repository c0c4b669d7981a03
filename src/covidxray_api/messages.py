"""What the service says to people, in English and Spanish.

Answers carry codes; doors look the words up here, so that a new language is one new column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "es"]

MESSAGES: Mapping[str, Mapping[Language, str]] = {
    "notice": {
        "en": "Decision support, not a diagnosis: a radiologist must read the film.",
        "es": "Apoyo a la decisión, no un diagnóstico: un radiólogo debe leer la placa.",
    },
    "not_a_chest_radiograph": {
        "en": "The image is not a chest radiograph",
        "es": "La imagen no es una radiografía de Tórax",
    },
    "sixteen_bit_rescaled": {
        "en": "The image has 16 bits and states no display window; its darkest and brightest"
        " values were mapped to black and white.",
        "es": "La imagen tiene 16 bits y no indica ventana de visualización; sus valores más oscuro"
        " y más claro se llevaron a negro y blanco.",
    },
    "wide_values_rescaled": {
        "en": "The image has signed values, fractions or more than 16 bits, and states no display"
        " window; its darkest and brightest values were mapped to black and white.",
        "es": "La imagen tiene valores con signo, fracciones o más de 16 bits y no indica ventana"
        " de visualización; sus valores más oscuro y más claro se llevaron a negro y blanco.",
    },
    "first_frame_used": {
        "en": "The file holds several images; only the first was read.",
        "es": "El archivo contiene varias imágenes; solo se leyó la primera.",
    },
    "transparency_on_black": {
        "en": "Transparent areas were read as black.",
        "es": "Las zonas transparentes se leyeron como negro.",
    },
    "no_voi_window": {
        "en": "The DICOM file states no display window; its full range of values was shown.",
        "es": "El archivo DICOM no indica ventana de visualización; se mostró todo su rango.",
    },
}


def message(code: str, language: Language) -> str:
    """Return the text of `code` in `language`.

    Raises
    ------
    KeyError
        If there is no such code: a fault of ours that a test catches.
    """
    return MESSAGES[code][language]
