"""Words of the report on a job over many films."""

from __future__ import annotations

from collections.abc import Mapping

from covidxray_api.texts.language import Text

JOB: Mapping[str, Text] = {
    "job_title": {
        "en": "Chest radiographs: automatic reading of many",
        "es": "Radiografías de tórax: lectura automática de muchas",
    },
    "job_counts": {"en": "Counts", "es": "Recuento"},
    "job_films": {"en": "Films", "es": "Imágenes"},
    "job_screened": {"en": "Screened", "es": "Leídas"},
    "job_rejected": {"en": "Rejected as no chest radiograph", "es": "Rechazadas: no son de tórax"},
    "job_failed": {"en": "Could not be read", "es": "No se pudieron leer"},
    "job_answers": {"en": "Answers", "es": "Respuestas"},
    "job_rejections": {
        "en": "Rejections by finding; an image may have several",
        "es": "Rechazos por hallazgo; una imagen puede tener varios",
    },
    "job_problems": {"en": "Files that could not be read", "es": "Archivos que no se leyeron"},
    "job_probabilities": {
        "en": "Films by probability, from 0 at the left to 1",
        "es": "Imágenes por probabilidad, de 0 a la izquierda a 1",
    },
    "job_most": {
        "en": "{shown} of {films} films, those that are least probably normal first; a click on a"
        " heading sorts. All rows are in {table}.",
        "es": "{shown} de {films} imágenes, primero las menos probablemente normales; un clic en"
        " un encabezado ordena. Todas las filas están en {table}.",
    },
    "job_point": {"en": "operating point {name}", "es": "punto de operación {name}"},
    "job_site": {"en": "site {name}", "es": "centro {name}"},
    "job_likeness": {"en": "Likeness to a chest film", "es": "Parecido con una de tórax"},
    "job_film": {"en": "Film", "es": "Imagen"},
    "job_answer": {"en": "Answer", "es": "Respuesta"},
    "job_remarks": {"en": "Remarks", "es": "Observaciones"},
}
