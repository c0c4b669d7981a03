// When a radiograph was taken, where its DICOM file says so. It is read here and goes nowhere.

import { isDicom } from "./formats.js";
import { day } from "./language.js";

// The dates stand before all that is long: attributes are in the order of their tags (PS3.5, section 7.1).
const HEAD = 4096;

// Elements of group 0008: date and time of acquisition, else of the study.
const MOMENTS = [["22", "32"], ["20", "30"]];

let read = Promise.resolve();

// Resolves to digits of date and time, which sort as the moments do; empty where none is stated or the
// file cannot be read. One file is read after another: to begin with hundreds would hold the page up.
export function takenOf(file) {
  read = read.then(() => statedIn(file)).catch(() => "");
  return read;
}

async function statedIn(file) {
  if (!(await isDicom(file))) return "";
  const text = String.fromCharCode(...new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
  // With the value's representation stated, or without (PS3.5, section 7.1).
  const stated = (element, kind, length, digits) =>
    new RegExp(`\\x08\\0\\x${element}\\0(?:${kind}${length}\\0|${length}\\0\\0\\0)(${digits})`, "s").exec(text)?.[1];
  for (const [date, time] of MOMENTS) {
    const day = stated(date, "DA", "\\x08", "\\d{8}");
    if (day) return day + (stated(time, "TM", ".", "\\d{2,6}") ?? "").padEnd(6, "0");
  }
  return "";
}

export function dayOf(taken) {
  const [year, month, date] = [taken.slice(0, 4), taken.slice(4, 6), taken.slice(6, 8)].map(Number);
  return day(new Date(year, month - 1, date));
}
