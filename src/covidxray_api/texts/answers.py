"""Answers in words: findings, warnings, rejections and the notice, by code."""

from __future__ import annotations

from collections.abc import Mapping

from covidxray_api.texts.language import Text

ANSWERS: Mapping[str, Text] = {
    "notice": {
        "en": "Decision support, not a diagnosis: a radiologist must read the radiograph."
        " No other disease is looked for.",
        "es": "Apoyo a la decisión, no un diagnóstico: un radiólogo debe leer la radiografía."
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
        "en": "The map is withheld: covering what it marks does not change the answer more than"
        " covering another area, so it would mislead.",
        "es": "No se muestra el mapa: cubrir lo que marca no cambia la respuesta más que cubrir"
        " otra zona, por lo que induciría a error.",
    },
    "inverted": {
        "en": "Black and white are exchanged. The image was corrected before it was read; send"
        " radiographs with dark lungs.",
        "es": "El blanco y el negro están invertidos. La imagen se corrigió antes de leerla; envíe"
        " radiografías con los pulmones oscuros.",
    },
    "rotated_90": {
        "en": "The radiograph lies turned by 90° clockwise. It was turned upright before it was"
        " read;"
        " check that it is the right radiograph.",
        "es": "La radiografía está girada 90° en sentido horario. Se enderezó antes de leerla;"
        " compruebe que es la correcta.",
    },
    "rotated_180": {
        "en": "The radiograph is upside down. It was turned upright before it was read; check"
        " that it is"
        " the right radiograph.",
        "es": "La radiografía está boca abajo. Se enderezó antes de leerla; compruebe que es la"
        " correcta.",
    },
    "rotated_270": {
        "en": "The radiograph lies turned by 90° anticlockwise. It was turned upright before it"
        " was read;"
        " check that it is the right radiograph.",
        "es": "La radiografía está girada 90° en sentido antihorario. Se enderezó antes de leerla;"
        " compruebe que es la correcta.",
    },
    "lateral": {
        "en": "This seems to be a lateral radiograph. Send the frontal view (PA or AP).",
        "es": "Parece una radiografía lateral. Envíe la proyección frontal (PA o AP).",
    },
    "cropped": {
        "en": "Part of the lungs is missing. Send the whole radiograph, from the clavicles to the"
        " diaphragm.",
        "es": "Falta parte de los pulmones. Envíe la radiografía completa, de las clavículas al"
        " diafragma.",
    },
    "not_an_image_of_one_film": {
        "en": "The image shows several radiographs or a viewer's window. Export the radiograph"
        " itself and send"
        " it alone.",
        "es": "La imagen muestra varias radiografías o la ventana de un visor. Exporte la"
        " radiografía misma y envíela sola.",
    },
    "other_modality": {
        "en": "The DICOM file says that it comes from another kind of examination. Send a"
        " radiograph (CR or DX).",
        "es": "El archivo DICOM dice que procede de otro tipo de estudio. Envíe una radiografía (CR"
        " o DX).",
    },
    "site_insensitive": {
        "en": "The site profile advises against use here: where false positives are as rare as"
        " promised, too few of the radiographs with COVID-19 would be found.",
        "es": "El perfil del centro desaconseja el uso aquí: con tan pocos falsos positivos como se"
        " promete, se encontrarían muy pocas de las radiografías con COVID-19.",
    },
    "site_unlike": {
        "en": "The site profile advises against use here: the site's radiographs are too unlike"
        " those that the model was measured on.",
        "es": "El perfil del centro desaconseja el uso aquí: las radiografías del centro se parecen"
        " demasiado poco a aquellas con las que se midió el modelo.",
    },
    "site_far": {
        "en": "The site profile advises against use here: the site's radiographs lie too far from"
        " those that the model has learned from.",
        "es": "El perfil del centro desaconseja el uso aquí: las radiografías del centro están"
        " demasiado lejos de aquellas con las que aprendió el modelo.",
    },
    "certain_covid_19": {
        "en": "COVID-19, without reserve",
        "es": "COVID-19, sin reservas",
    },
    "uncertain_answer": {
        "en": "Not conclusive: a radiologist must decide",
        "es": "No concluyente: debe decidir un radiólogo",
    },
    "other_pneumonia": {
        "en": "Another pneumonia, without reserve",
        "es": "Otra neumonía, sin reservas",
    },
    "not_assessed": {
        "en": "Not assessed: no image was taken for a frontal chest radiograph",
        "es": "Sin evaluar: ninguna imagen se reconoció como radiografía de tórax frontal",
    },
    "no_sign": {
        "en": "No sign of what is looked for; the study still has to be read",
        "es": "Sin signos de lo que se busca; el estudio debe leerse igualmente",
    },
    "duplicate": {
        "en": "The same file is there twice",
        "es": "El mismo archivo está dos veces",
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
        "es": "La imagen es más pequeña que lo que lee la red, por lo que la respuesta es menos"
        " fiable. Envíela en tamaño completo.",
    },
    "colour_photo_of_a_film": {
        "en": "The image is in colour, like a photograph of a radiograph or a screen. Send the"
        " original"
        " export.",
        "es": "La imagen está en color, como una fotografía de una placa o de una pantalla. Envíe"
        " la exportación original.",
    },
    "sixteen_bit_rescaled": {
        "en": "The image has 16 bits and states no display window; its darkest and brightest"
        " values were mapped to black and white. Check the picture's contrast.",
        "es": "La imagen tiene 16 bits y no indica ventana de visualización; sus valores más"
        " oscuro y más claro se llevaron a negro y blanco. Compruebe el contraste de la imagen.",
    },
    "wide_values_rescaled": {
        "en": "The image has signed values, fractions or more than 16 bits, and states no display"
        " window; its darkest and brightest values were mapped to black and white. Check the"
        " picture's contrast.",
        "es": "La imagen tiene valores con signo, fracciones o más de 16 bits y no indica ventana"
        " de visualización; sus valores más oscuro y más claro se llevaron a negro y blanco."
        " Compruebe el contraste de la imagen.",
    },
    "first_frame_used": {
        "en": "The file holds several images; only the first was read. Check that it is the"
        " frontal one.",
        "es": "El archivo contiene varias imágenes; solo se leyó la primera. Compruebe que es la"
        " frontal.",
    },
    "taken_by_a_camera": {
        "en": "The file says that a camera took it, of a film or a screen. Send the original"
        " export.",
        "es": "El archivo indica que lo tomó una cámara, de una placa o de una pantalla. Envíe la"
        " exportación original.",
    },
    "transparency_on_black": {
        "en": "Transparent areas were read as black. Check that none of the lungs is transparent.",
        "es": "Las zonas transparentes se leyeron como negro. Compruebe que los pulmones no son"
        " transparentes.",
    },
    "transparency_ignored": {
        "en": "The image is transparent everywhere; it was read as opaque. Check the export's"
        " settings.",
        "es": "La imagen es transparente por completo; se leyó como opaca. Compruebe los ajustes"
        " de la exportación.",
    },
    "no_voi_window": {
        "en": "The DICOM file states no display window; its full range of values was shown. Check"
        " the picture's contrast.",
        "es": "El archivo DICOM no indica ventana de visualización; se mostró todo su rango."
        " Compruebe el contraste de la imagen.",
    },
    "range_clipped": {
        "en": "A few values lie far from all others, as defective pixels and markers do; they were"
        " clipped. Check that the picture is neither too dark nor too bright.",
        "es": "Unos pocos valores están lejos de los demás, como los píxeles defectuosos y las"
        " marcas; se recortaron. Compruebe que la imagen no es demasiado oscura ni demasiado"
        " clara.",
    },
    "window_reread": {
        "en": "The display window is blank or no plain number in part; what could be read was"
        " used, else the full range. Check Window Center and Window Width.",
        "es": "La ventana de visualización está en parte en blanco o no es un número; se usó lo"
        " legible o, si no, todo el rango. Compruebe Window Center y Window Width.",
    },
    "window_shows_nothing": {
        "en": "The stated display window or table would show one even gray; the full range of"
        " values was shown instead. Check window, rescale and tables.",
        "es": "La ventana o tabla indicada mostraría un solo gris; se mostró todo el rango de"
        " valores. Compruebe la ventana, el reescalado y las tablas.",
    },
    "voi_lut_narrower": {
        "en": "The VOI lookup table uses fewer bits than it states; it was scaled by its own"
        " range. Check the picture's contrast.",
        "es": "La tabla VOI usa menos bits de los que indica; se escaló por su propio rango."
        " Compruebe el contraste de la imagen.",
    },
    "rescale_assumed": {
        "en": "Rescale Slope or Intercept is missing, zero or no plain number; slope 1 and"
        " intercept 0 stand in for what could not be read. Check both attributes.",
        "es": "Rescale Slope o Intercept falta, es cero o no es un número; pendiente 1 y ordenada"
        " 0 sustituyen lo ilegible. Compruebe ambos atributos.",
    },
    "padding_value_reread": {
        "en": "Pixel Padding Value has another sign than the pixels; it was taken by its bits."
        " Check that the border, and nothing else, is black.",
        "es": "Pixel Padding Value tiene otro signo que los píxeles; se tomó por sus bits."
        " Compruebe que el borde, y nada más, es negro.",
    },
    "padding_assumed": {
        "en": "A border of one value far from all others was taken for padding and made black."
        " Check that nothing of the patient is missing.",
        "es": "Un borde de un valor lejano a los demás se tomó por relleno y se hizo negro."
        " Compruebe que no falta nada del paciente.",
    },
    "bits_beyond_stated": {
        "en": "Some values need more bits than the file states; they were kept. Check Bits Stored"
        " and the picture's contrast.",
        "es": "Algunos valores necesitan más bits de los indicados; se conservaron. Compruebe Bits"
        " Stored y el contraste de la imagen.",
    },
    "photometric_assumed": {
        "en": "Photometric Interpretation is missing; small values were taken for black. Check"
        " that lungs are dark.",
        "es": "Falta Photometric Interpretation; los valores pequeños se tomaron por negro."
        " Compruebe que los pulmones son oscuros.",
    },
    "attributes_from_codestream": {
        "en": "Attributes of the pixels are missing; they were taken from the compressed image"
        " itself. Check the picture.",
        "es": "Faltan atributos de los píxeles; se tomaron de la propia imagen comprimida."
        " Compruebe la imagen.",
    },
    "end_missing": {
        "en": "The compressed image lacks its end marker, but no pixel is missing. Check the"
        " software that wrote it.",
        "es": "A la imagen comprimida le falta la marca de fin, pero ningún píxel. Compruebe el"
        " programa que la escribió.",
    },
}
