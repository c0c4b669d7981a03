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
    "report_reference": {"en": "Reference {name}", "es": "Referencia {name}"},
    "report_patient": {"en": "Patient, by hand:", "es": "Paciente, a mano:"},
    "report_no_identity": {
        "en": "No patient identity is known to this service.",
        "es": "Este servicio no conoce la identidad de ningún paciente.",
    },
    "report_film": {
        "en": "The image as it was sent, here in {width}×{height} pixels",
        "es": "La imagen tal como se envió, aquí con {width}×{height} píxeles",
    },
    "report_map": {
        "en": "What speaks for “{label}”, yellow most of all.",
        "es": "Lo que habla a favor de «{label}», sobre todo en amarillo.",
    },
    "report_lungs": {
        "en": "Light blue: the outline of the lungs, as a network finds it.",
        "es": "En azul claro: el contorno de los pulmones, según lo detecta una red.",
    },
    "report_answer": {"en": "Answer", "es": "Respuesta"},
    "report_cut_off": {"en": "cut-off {share}", "es": "punto de corte {share}"},
    "report_rule": {
        "en": "The line is the cut-off of a label: the probability from which on it weighs most for"
        " this image, the others keeping their proportions.",
        "es": "La línea es el punto de corte de una etiqueta: la probabilidad a partir de la cual"
        " es la que más pesa en esta imagen, si las demás mantienen sus proporciones.",
    },
    "report_point": {"en": "Operating point “{name}”.", "es": "Punto de operación «{name}»."},
    "report_no_point": {
        "en": "The model has no operating points: the most probable label is the answer.",
        "es": "El modelo no tiene puntos de operación: la respuesta es la etiqueta más probable.",
    },
    "report_figures": {
        "en": "What to expect of such answers",
        "es": "Qué esperar de tales respuestas",
    },
    "report_image": {"en": "About the image", "es": "Sobre la imagen"},
    "report_likeness": {
        "en": "Likeness to a frontal chest radiograph: {score}; {least} is the least that is"
        " accepted.",
        "es": "Parecido con una radiografía frontal de tórax: {score}; lo mínimo que se acepta es"
        " {least}.",
    },
    "report_model": {"en": "Model", "es": "Modelo"},
    "report_engine": {"en": "engine {name}", "es": "motor {name}"},
    "report_site": {
        "en": "Operating points of the site {name}, by {radiographs} of its radiographs",
        "es": "Puntos de operación del centro {name}, según {radiographs} de sus radiografías",
    },
    "report_labelled": {
        "en": "probabilities by {labelled} that it has labelled",
        "es": "probabilidades según {labelled} que ha etiquetado",
    },
    "report_p_value": {
        "en": "p = {share}: of them and this one, the share that score at least as much",
        "es": "p = {share}: entre ellas y esta, la proporción con una puntuación al menos igual",
    },
    "report_gate": {"en": "gate {version}", "es": "filtro {version}"},
    "report_no_gate": {"en": "no gate: SSIM alone", "es": "sin filtro: solo SSIM"},
}
