"""What the service says to people, in English and Spanish.

Answers carry codes; doors look the words up here, so that a new language is one new column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "es"]

MESSAGES: Mapping[str, Mapping[Language, str]] = {
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
    "report_title": {
        "en": "Chest radiograph: automatic reading",
        "es": "Radiografía de tórax: lectura automática",
    },
    "report_request": {"en": "Request {name}", "es": "Solicitud {name}"},
    "report_patient": {"en": "Patient, by hand:", "es": "Paciente, a mano:"},
    "report_no_identity": {
        "en": "No patient identity is known to this service.",
        "es": "Este servicio no conoce la identidad de ningún paciente.",
    },
    "report_film": {"en": "The image, as it was sent", "es": "La imagen, tal como se envió"},
    "report_map": {
        "en": "What speaks for “{label}”, yellow most of all. Covering the fifth that it marks"
        " most changes the probability by {marked} percentage points; covering other areas, by"
        " {other}.",
        "es": "Lo que apunta a «{label}», sobre todo en amarillo. Cubrir la quinta parte más"
        " marcada cambia la probabilidad en {marked} puntos porcentuales; cubrir otras zonas, en"
        " {other}.",
    },
    "report_no_map": {
        "en": "There is no map, because there is no answer.",
        "es": "No hay mapa porque no hay respuesta.",
    },
    "report_answer": {"en": "Answer", "es": "Respuesta"},
    "report_uncertain": {
        "en": "Uncertain: a person must decide. What remains plausible to the model: {labels}.",
        "es": "Incierto: debe decidir una persona. Son plausibles para el modelo: {labels}.",
    },
    "report_none_fits": {
        "en": "Uncertain: a person must decide. No label fits the film well.",
        "es": "Incierto: debe decidir una persona. Ninguna etiqueta se ajusta bien a la placa.",
    },
    "report_threshold": {"en": "threshold {share}", "es": "umbral {share}"},
    "report_rule": {
        "en": "The answer is the label whose probability is the largest multiple of its threshold"
        " (line). Operating point “{name}”: sensitivity {sensitivity} for {target} ({with_it}"
        " held-out films), specificity {specificity} ({without_it}).",
        "es": "La respuesta es la etiqueta cuya probabilidad es el mayor múltiplo de su umbral"
        " (línea). Punto de operación «{name}»: sensibilidad {sensitivity} para {target} ({with_it}"
        " placas de prueba), especificidad {specificity} ({without_it}).",
    },
    "report_no_rule": {
        "en": "The answer is the most probable label; the model has no operating points.",
        "es": "La respuesta es la etiqueta más probable; el modelo no tiene puntos de operación.",
    },
    "report_image": {"en": "About the image", "es": "Sobre la imagen"},
    "report_likeness": {
        "en": "Likeness to a frontal chest radiograph: {score}; {least} is the least that is"
        " accepted.",
        "es": "Semejanza con una radiografía frontal de tórax: {score}; lo mínimo que se acepta es"
        " {least}.",
    },
    "report_model": {"en": "Model", "es": "Modelo"},
}


def message(code: str, language: Language) -> str:
    """Return the text of `code` in `language`.

    Raises
    ------
    KeyError
        If there is no such code: a fault of ours that a test catches.
    """
    return MESSAGES[code][language]
