"""Words of the command that fits a site profile."""

from __future__ import annotations

from collections.abc import Mapping

from covidxray_api.texts.language import Text

SITE: Mapping[str, Text] = {
    "fit_title": {
        "en": "{name}: {radiographs} radiographs, {refused} files refused",
        "es": "{name}: {radiographs} radiografías, {refused} archivos rechazados",
    },
    "fit_point": {"en": "operating point", "es": "punto de operación"},
    "fit_false_positives": {
        "en": "false positives, at most on average (95 % of profiles)",
        "es": "falsos positivos, como máximo en promedio (95 % de los perfiles)",
    },
    "fit_found_known_hospitals": {
        "en": "{target} found at known hospitals (95 % interval; n = {n})",
        "es": "{target} detectada en hospitales conocidos (intervalo del 95 %; n = {n})",
    },
    "fit_found_site": {
        "en": "{target} found at the site (95 % interval; n = {n})",
        "es": "{target} detectada en el centro (intervalo del 95 %; n = {n})",
    },
    "fit_shift": {
        "en": "shift {shift}: the probability that a radiograph of the site scores higher than one"
        " of known hospitals; 0.50 where they are alike, {low} to {high} where it may be used",
        "es": "desplazamiento {shift}: probabilidad de que una radiografía del centro puntúe más"
        " que una de hospitales conocidos; 0,50 si son similares, de {low} a {high} si puede"
        " usarse",
    },
    "fit_remoteness": {
        "en": "remoteness {remoteness}: the probability that it lies farther from what the model"
        " has learned from; 0.50 where they are alike, at most {most} where it may be used",
        "es": "lejanía {remoteness}: probabilidad de que esté más lejos de aquello con lo que"
        " aprendió el modelo; 0,50 si son similares, como máximo {most} si puede usarse",
    },
    "fit_temperature": {
        "en": "temperature {value} (95 % interval: {low} to {high}) by {n} labelled radiographs;"
        " that of the model is {own}",
        "es": "temperatura {value} (intervalo del 95 %: de {low} a {high}) con {n} radiografías"
        " etiquetadas; la del modelo es {own}",
    },
    "fit_few_cases": {
        "en": "{found} of {n} labelled radiographs with {target} are found at balanced ({low} to"
        " {high}): too few to replace what was measured at known hospitals, which takes {least}.",
        "es": "Se detectan con balanced {found} de {n} radiografías etiquetadas con {target} (de"
        " {low} a {high}): muy pocas para sustituir lo medido en hospitales conocidos, lo que exige"
        " {least}.",
    },
    "fit_written": {
        "en": "Wrote {path}; COVIDXRAY_SITE={path} puts it in force.",
        "es": "Se escribió {path}; COVIDXRAY_SITE={path} lo pone en vigor.",
    },
}
