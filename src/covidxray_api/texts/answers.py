"""Answers in words: findings, warnings, rejections and the notice, by code."""

from __future__ import annotations

from collections.abc import Mapping

from covidxray_api.texts.language import Text

ANSWERS: Mapping[str, Text] = {
    "notice": {
        "en": "Decision support, not a diagnosis: a radiologist must read the film."
        " No other disease is looked for.",
        "es": "Apoyo a la decisión, no un diagnóstico: un radiólogo debe leer la placa."
        " No se busca ninguna otra enfermedad.",
    },
    "not_a_chest_radiograph": {
        "en": "The image is not a chest radiograph",
        "es": "La imagen no es una radiografía de Tórax",
    },
    "no_map": {
        "en": "This network, as it is served, has no map.",
        "es": "Esta red, tal como se sirve, no tiene mapa.",
    },
    "map_not_faithful": {
        "en": "The map is withheld: covering what it marks changes the answer no more than covering"
        " other areas, so it would mislead.",
        "es": "El mapa se retiene: cubrir lo que marca no cambia la respuesta más que cubrir otras"
        " zonas, por lo que induciría a error.",
    },
    "inverted": {
        "en": "Black and white are exchanged. The image was corrected before it was read; send"
        " films with dark lungs.",
        "es": "El blanco y el negro están intercambiados. La imagen se corrigió antes de leerla;"
        " envíe placas con los pulmones oscuros.",
    },
    "rotated_90": {
        "en": "The film lies turned by 90° clockwise. It was turned upright before it was read;"
        " check that it is the right film.",
        "es": "La placa está girada 90° en sentido horario. Se enderezó antes de leerla; compruebe"
        " que es la placa correcta.",
    },
    "rotated_180": {
        "en": "The film is upside down. It was turned upright before it was read; check that it is"
        " the right film.",
        "es": "La placa está boca abajo. Se enderezó antes de leerla; compruebe que es la placa"
        " correcta.",
    },
    "rotated_270": {
        "en": "The film lies turned by 90° anticlockwise. It was turned upright before it was read;"
        " check that it is the right film.",
        "es": "La placa está girada 90° en sentido antihorario. Se enderezó antes de leerla;"
        " compruebe que es la placa correcta.",
    },
    "lateral": {
        "en": "This seems to be a lateral film. Send the frontal view (PA or AP).",
        "es": "Parece una placa lateral. Envíe la proyección frontal (PA o AP).",
    },
    "cropped": {
        "en": "Part of the lungs is missing. Send the whole film, from the clavicles to the"
        " diaphragm.",
        "es": "Falta parte de los pulmones. Envíe la placa entera, de las clavículas al diafragma.",
    },
    "not_an_image_of_one_film": {
        "en": "The image shows several films or a viewer's window. Export the film itself and send"
        " it alone.",
        "es": "La imagen muestra varias placas o la ventana de un visor. Exporte la placa misma y"
        " envíela sola.",
    },
    "other_modality": {
        "en": "The DICOM file says that it comes from another kind of examination. Send a"
        " radiograph (CR or DX).",
        "es": "El archivo DICOM dice que procede de otro tipo de examen. Envíe una radiografía (CR"
        " o DX).",
    },
    "low_contrast": {
        "en": "The image has very little contrast, so the answer is less reliable. Export it with"
        " its display window.",
        "es": "La imagen tiene muy poco contraste, por lo que la respuesta es menos fiable."
        " Expórtela con su ventana de visualización.",
    },
    "too_small": {
        "en": "The image is smaller than what the network sees, so the answer is less reliable."
        " Send it in full size.",
        "es": "La imagen es más pequeña que lo que ve la red, por lo que la respuesta es menos"
        " fiable. Envíela en tamaño completo.",
    },
    "colour_photo_of_a_film": {
        "en": "The image is in colour, like a photograph of a film or a screen. Send the original"
        " export.",
        "es": "La imagen está en color, como una fotografía de una placa o de una pantalla. Envíe"
        " la exportación original.",
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
