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
    "report_film": {
        "en": "The image as it was sent, here in {width}×{height} pixels",
        "es": "La imagen tal como se envió, aquí con {width}×{height} píxeles",
    },
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
    "report_alone": {
        "en": "The model names this label alone. On new patients from the sources that it was"
        " fitted on, the labels that it names include the right one for at least {coverage} of each"
        " class; for radiographs from elsewhere that is not known.",
        "es": "El modelo solo nombra esta etiqueta. En pacientes nuevos de las fuentes con las que"
        " se ajustó, entre las etiquetas que nombra está la correcta al menos en el {coverage} de"
        " cada clase; en radiografías de otros lugares no se sabe.",
    },
    "report_alone_unmeasured": {
        "en": "The model names one label only; which others remain possible was not measured.",
        "es": "El modelo nombra una sola etiqueta; no se midió qué otras siguen siendo posibles.",
    },
    "report_uncertain": {
        "en": "Uncertain: a radiologist must decide. The model names several labels: {labels}.",
        "es": "Incierto: debe decidir un radiólogo. El modelo nombra varias etiquetas: {labels}.",
    },
    "report_cut_off": {"en": "cut-off {share}", "es": "punto de corte {share}"},
    "report_rule": {
        "en": "The answer is the label that reaches its cut-off (line): the probability from which"
        " on it would be the answer for this image, the others keeping their proportions.",
        "es": "La respuesta es la etiqueta que alcanza su punto de corte (línea): la probabilidad a"
        " partir de la cual sería la respuesta para esta imagen, si las demás mantienen sus"
        " proporciones.",
    },
    "report_point": {
        "en": "Operating point “{name}”: sensitivity {sensitivity} for {target} ({cases} held-out"
        " cases), specificity {specificity} ({controls} controls).",
        "es": "Punto de operación «{name}»: sensibilidad del {sensitivity} para {target} ({cases}"
        " casos de prueba), especificidad del {specificity} ({controls} controles).",
    },
    "report_no_point": {
        "en": "The model has no operating points: the most probable label is the answer.",
        "es": "El modelo no tiene puntos de operación: la respuesta es la etiqueta más probable.",
    },
    "report_image": {"en": "About the image", "es": "Sobre la imagen"},
    "report_likeness": {
        "en": "Likeness to a frontal chest radiograph: {score}; {least} is the least that is"
        " accepted.",
        "es": "Semejanza con una radiografía frontal de tórax: {score}; lo mínimo que se acepta es"
        " {least}.",
    },
    "report_model": {"en": "Model", "es": "Modelo"},
    "report_engine": {"en": "engine {name}", "es": "motor {name}"},
    "report_site": {
        "en": "Operating points of the site {name}, by {radiographs} of its radiographs",
        "es": "Puntos de operación del centro {name}, según {radiographs} de sus radiografías",
    },
    "report_p_value": {
        "en": "p = {share}: of them and this one, the share that score at least as much",
        "es": "p = {share}: entre ellas y esta, la parte que puntúa al menos lo mismo",
    },
    "report_gate": {"en": "gate {version}", "es": "filtro {version}"},
    "report_no_gate": {"en": "no gate: SSIM alone", "es": "sin filtro: solo SSIM"},
}
