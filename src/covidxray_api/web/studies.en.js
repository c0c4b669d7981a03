// What the page of studies says, in English.

export const studies = {
  studiesTitle: "Studies to be read",
  studiesSkip: "Go to the studies",
  studiesPurpose: "Studies that were screened and are to be read, the urgent first.",
  studies: "Studies",
  study: "Study",
  films: "Images",
  received: "Received",
  noStudies: "No study has come as DICOM, or all have left the list.",
  refresh: "Refresh",
  toRead: (unread, all) => `${unread} of ${all} not read`,
  readAt: (moment) => `Read: ${moment}`,
  unread: "Not read",
  markRead: "Mark as read",
  markUnread: "Mark as not read",
  ofStudy: (act, study) => `${act}: study ${study}`,
  studyPicture: (number, all) => `Picture ${number} of ${all} of the study, with its answer`,
  noPictures: "The service keeps no picture of this study.",
  listNotCurrent: "The list may not be current.",
  toScreening: "Screen single radiographs",
  toStudies: "Studies to be read",
};
