export const words = {
  en: {
    title: "Chest radiograph screening",
    purpose:
      "Shows how likely a frontal chest radiograph is to show COVID-19 or viral pneumonia.",
    choose: "Choose a radiograph or drop it here",
    formats: "DICOM, JPEG, PNG, WebP, TIFF or BMP. The image is not stored.",
    preview: "The chosen image",
    working: "Reading the film …",
    uncertain: "Uncertain: several answers, or none, are plausible. A radiologist must decide.",
    similarity: "Similarity to a chest radiograph",
    least: "at least",
    model: "Model",
    offline: "The service does not answer.",
    retry: "Check the connection and try again.",
    request: "Request",
    api: "API description",
  },
  es: {
    title: "Cribado de radiografías de tórax",
    purpose:
      "Muestra la probabilidad de que una radiografía frontal de tórax presente COVID-19 o neumonía viral.",
    choose: "Elija una radiografía o suéltela aquí",
    formats: "DICOM, JPEG, PNG, WebP, TIFF o BMP. La imagen no se guarda.",
    preview: "La imagen elegida",
    working: "Leyendo la placa …",
    uncertain: "Incierto: varias respuestas, o ninguna, son plausibles. Debe decidir un radiólogo.",
    similarity: "Semejanza con una radiografía de tórax",
    least: "al menos",
    model: "Modelo",
    offline: "El servicio no responde.",
    retry: "Compruebe la conexión e inténtelo de nuevo.",
    request: "Solicitud",
    api: "Descripción de la API",
  },
};

// Problems come in English; these are the ones that a person at the page can do something about.
export const problemsInSpanish = {
  "/problems/empty-file": "El archivo está vacío.",
  "/problems/body-too-large": "El archivo es demasiado grande.",
  "/problems/too-many-pixels": "La imagen tiene demasiados píxeles.",
  "/problems/unsupported-format":
    "El formato no se reconoce. Envíe DICOM, PNG, JPEG, WebP, TIFF o BMP.",
  "/problems/unreadable-image": "El archivo está dañado o incompleto. Expórtelo de nuevo.",
  "/problems/image-too-small": "La imagen es demasiado pequeña para mostrar un tórax.",
  "/problems/not-ready": "El servicio está arrancando. Inténtelo de nuevo en unos segundos.",
  "/problems/overloaded": "El servicio está saturado. Inténtelo de nuevo en unos segundos.",
  "/problems/upload-too-slow": "El archivo tardó demasiado en llegar. Compruebe la conexión.",
  "/problems/deadline-exceeded": "La respuesta tardó demasiado. Inténtelo de nuevo más tarde.",
  "/problems/internal-error": "Error interno del servicio. Inténtelo de nuevo.",
};
