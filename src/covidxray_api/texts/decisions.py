"""What an answer says: headlines, names, limits, statements and figures, by code.

Names of labels end in the label's code; of a label that is not here, the manifest's name is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from covidxray_api.texts.language import Text

DECISIONS: Mapping[str, Text] = {
    "headline_normal": {
        "en": "No sign of COVID-19 or viral pneumonia",
        "es": "Sin signos de COVID-19 ni de neumonía viral",
    },
    "headline_covid_19": {"en": "COVID-19", "es": "COVID-19"},
    "headline_viral_pneumonia": {"en": "Viral pneumonia", "es": "Neumonía viral"},
    "headline_bacterial_pneumonia": {"en": "Bacterial pneumonia", "es": "Neumonía bacteriana"},
    "not_conclusive": {"en": "Not conclusive", "es": "No concluyente"},
    "short_normal": {"en": "Neither", "es": "Ninguna de las dos"},
    "short_normal_of_more": {"en": "None of these", "es": "Ninguna de ellas"},
    "finding_normal": {
        "en": "finds no sign of COVID-19 or viral pneumonia",
        "es": "no encuentra signos de COVID-19 ni de neumonía viral",
    },
    "finding_viral_pneumonia": {
        "en": "finds signs of viral pneumonia",
        "es": "encuentra signos de neumonía viral",
    },
    "finding_bacterial_pneumonia": {
        "en": "finds signs of bacterial pneumonia",
        "es": "encuentra signos de neumonía bacteriana",
    },
    "finding": {"en": "finds signs of {label}", "es": "encuentra signos de {label}"},
    "statement": {
        "en": "The automatic reading of the chest radiograph ({model}) {finding} (probability"
        " {share}).",
        "es": "La lectura automática de la radiografía de tórax ({model}) {finding} (probabilidad:"
        " {share}).",
    },
    "statement_not_conclusive": {
        "en": "The automatic reading of the chest radiograph ({model}) is not conclusive"
        " ({candidates}): a radiologist must decide.",
        "es": "La lectura automática de la radiografía de tórax ({model}) no es concluyente"
        " ({candidates}): debe decidir un radiólogo.",
    },
    "statement_rejected": {
        "en": "No automatic reading was made ({model}). {reason}.",
        "es": "No se hizo ninguna lectura automática ({model}). {reason}.",
    },
    "other_findings_not_looked_for": {
        "en": "No other finding is looked for, and neither disease is ruled out.",
        "es": "No se busca ningún otro hallazgo, y no se descarta ninguna de las dos enfermedades.",
    },
    "other_pneumonia_alike": {
        "en": "Other pneumonia of adults can look the same: only a test for the virus confirms it.",
        "es": "Otras neumonías del adulto pueden tener el mismo aspecto: solo una prueba del virus"
        " lo confirma.",
    },
    "bacterial_not_told_apart": {
        "en": "Bacterial pneumonia is not told apart from viral pneumonia, which the model learned"
        " from children of one hospital.",
        "es": "La neumonía bacteriana no se distingue de la viral, que el modelo aprendió con niños"
        " de un solo hospital.",
    },
    "photograph": {
        "en": "The image seems to be a photograph of a film or a screen, which can change the"
        " answer.",
        "es": "La imagen parece una fotografía de una placa o de una pantalla, lo que puede cambiar"
        " la respuesta.",
    },
    "not_for_patients": {
        "en": "This model is kept as evidence or for comparison: it must not be used for patients.",
        "es": "Este modelo se conserva solo para documentar o comparar resultados: no debe usarse"
        " con pacientes.",
    },
    "false_positives_elsewhere": {
        "en": "At hospitals that it had not seen, {share} of 100 adults without {target} were"
        " called so (95% interval: {low} to {high}; n = {n}).",
        "es": "En hospitales que no había visto, {share} de cada 100 adultos sin {target} se"
        " clasificaron como {target} (intervalo de confianza del 95 %: de {low} a {high}; n ="
        " {n}).",
    },
    "false_positives_at_worst": {
        "en": "At the one of them with most, {share} of 100 were ({low} to {high}; n = {n}).",
        "es": "En el hospital con más, fueron {share} de cada 100 (de {low} a {high}; n = {n}).",
    },
    "not_measured_elsewhere": {
        "en": "How many adults without {target} it calls so at hospitals that it had not seen was"
        " not measured.",
        "es": "No se midió cuántos adultos sin {target} clasifica como {target} en hospitales que"
        " no había visto.",
    },
    "measured_at_home": {
        "en": "Of new patients of the hospitals that it learned from, it found {found} of 100 with"
        " {target} (n = {cases}) and called {share} of 100 without it so (n = {controls}).",
        "es": "En pacientes nuevos de los hospitales con los que aprendió, detectó {found} de cada"
        " 100 con {target} (n = {cases}) y clasificó así {share} de cada 100 sin ella (n ="
        " {controls}).",
    },
    "false_positives_at_site": {
        "en": "At the site {site}, at most {share} of 100 without {target} are called so, on"
        " average over such profiles (95% interval: {low} to {high}; n = {n}).",
        "es": "En el centro {site}, como máximo {share} de cada 100 sin {target} se clasifican como"
        " {target}, en promedio entre tales perfiles (intervalo del 95 %: de {low} a {high}; n ="
        " {n}).",
    },
    "sensitivity_of_site": {
        "en": "Of the site's own radiographs with {target}, {share} of 100 are found ({low} to"
        " {high}; n = {n}).",
        "es": "De las radiografías del propio centro con {target}, se detectan {share} de cada 100"
        " (de {low} a {high}; n = {n}).",
    },
    "sensitivity_of_known_hospitals": {
        "en": "Of radiographs with {target} from the hospitals that the model learned from, {share}"
        " of 100 are found ({low} to {high}; n = {n}).",
        "es": "De las radiografías con {target} de los hospitales con los que aprendió el modelo,"
        " se detectan {share} de cada 100 (de {low} a {high}; n = {n}).",
    },
    "predictive_values": {
        "en": "Where {prevalence} of 100 patients have {target}: of 100 called {target},"
        " {positive} have it; of 100 not called so, {negative} do not.",
        "es": "Si {prevalence} de cada 100 pacientes tienen {target}: de 100 clasificados como"
        " {target}, la tienen {positive}; de 100 no clasificados así, no la tienen {negative}.",
    },
    "predictive_values_elsewhere": {
        "en": "This counts with as many false positives as at hospitals that it had not seen.",
        "es": "Se cuenta con tantos falsos positivos como en hospitales que no había visto.",
    },
    "map_tested": {
        "en": "Put to the test on this image: covering the fifth that the map marks most changes"
        " the probability of “{label}” by {marked} percentage points; covering the most"
        " influential of four other areas of that size, by {other}.",
        "es": "Puesto a prueba en esta imagen: cubrir la quinta parte que el mapa marca más cambia"
        " la probabilidad de «{label}» en {marked} puntos porcentuales; cubrir la más influyente de"
        " otras cuatro zonas igual de grandes, en {other}.",
    },
    "map_does_not_mean": {
        "en": "The map shows what the network used, not where disease is: it proves no finding, and"
        " where it marks nothing, nothing is excluded.",
        "es": "El mapa muestra lo que usó la red, no dónde está la enfermedad: no prueba ningún"
        " hallazgo, y donde no marca nada no se descarta nada.",
    },
    "inside_lungs": {
        "en": "On this image the map is strongest inside the lungs, by a network that was right in"
        " {share} of 100 ({low} to {high}; n = {n}).",
        "es": "En esta imagen el mapa es más intenso dentro de los pulmones, según una red que"
        " acertó en {share} de cada 100 (de {low} a {high}; n = {n}).",
    },
    "outside_lungs": {
        "en": "On this image the map is strongest outside the lungs, by a network that was right in"
        " {share} of 100 ({low} to {high}; n = {n}).",
        "es": "En esta imagen el mapa es más intenso fuera de los pulmones, según una red que"
        " acertó en {share} de cada 100 (de {low} a {high}; n = {n}).",
    },
    "undetermined": {
        "en": "Whether the map is strongest inside the lungs cannot be said of this image: it is"
        " strongest near their edge, or they were not found.",
        "es": "En esta imagen no se puede decir si el mapa es más intenso dentro de los pulmones:"
        " lo es cerca de su borde, o no se localizaron.",
    },
    "map_outside_lungs": {
        "en": "In {share} of 100 radiographs with drawn lungs, the map of “{label}” was strongest"
        " outside the lungs ({low} to {high}; n = {n}).",
        "es": "En {share} de cada 100 radiografías con los pulmones dibujados, el mapa de «{label}»"
        " era más intenso fuera de los pulmones (de {low} a {high}; n = {n}).",
    },
}
