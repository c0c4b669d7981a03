"""Words of the printed report."""

from __future__ import annotations

from collections.abc import Mapping

from covidxray_api.texts.language import Text

REPORT: Mapping[str, Text] = {
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
