// Lo que dice la página de estudios, en español.

export const studies = {
  studiesTitle: "Estudios por leer",
  studiesSkip: "Ir a los estudios",
  studiesPurpose: "Estudios analizados que deben leerse, primero los urgentes.",
  studies: "Estudios",
  study: "Estudio",
  films: "Imágenes",
  received: "Recibido",
  noStudies: "No ha llegado ningún estudio en DICOM, o todos han salido de la lista.",
  refresh: "Actualizar",
  toRead: (unread, all) => `${unread} de ${all} sin leer`,
  readAt: (moment) => `Leído: ${moment}`,
  unread: "Sin leer",
  markRead: "Marcar como leído",
  markUnread: "Marcar como no leído",
  ofStudy: (act, study) => `${act}: estudio ${study}`,
  studyPicture: (number, all) => `Imagen ${number} de ${all} del estudio, con su respuesta`,
  noPictures: "El servicio no guarda ninguna imagen de este estudio.",
  listNotCurrent: "La lista puede no estar al día.",
  toScreening: "Analizar radiografías sueltas",
  toStudies: "Estudios por leer",
};
