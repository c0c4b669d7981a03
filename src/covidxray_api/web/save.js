// Takes answers out of the page: as JSON, as the service's reports, or as a table.

import { choicesOf } from "./decision.js";
import { announce, make } from "./dom.js";
import { language, words } from "./language.js";
import { Failure } from "./request.js";
import { inWords } from "./trouble.js";

// The time that a browser may need to begin with a download.
const GRACE_MS = 10_000;

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), GRACE_MS);
}

export function saveAnswer(radiograph) {
  const { answer, explanation, reference } = radiograph;
  const text = JSON.stringify({ ...answer, reference: reference || null, explanation }, null, 2);
  save(new Blob([text], { type: "application/json" }), `${fileName(radiograph)}.json`);
  radiograph.keep();
}

export async function saveReport(radiograph, waits) {
  save(await reportOf(radiograph, waits), `${fileName(radiograph)}.pdf`);
  radiograph.keep();
}

export async function saveTable(radiographs) {
  const { table } = await import("./table.js");
  save(new Blob([table(radiographs)], { type: "text/csv;charset=utf-8" }), "radiographs.csv");
  for (const radiograph of radiographs) radiograph.keep();
}

// Each named as its image is.
export async function inArchive(reports) {
  const { zipped } = await import("./zip.js");
  save(await zipped(reports), "reports.zip");
}

export async function inDocument(reports) {
  const { joined } = await import("./pdf.js");
  save(await joined(reports.map(([, report]) => report), language), "reports.pdf");
}

// All reports in one file, which `saved` makes; the button tells how far it is, and stops it.
export async function saveReports(radiographs, button, saved) {
  if (button.ariaBusy === "true") {
    button.ariaBusy = "false";
    return;
  }
  const label = button.lastElementChild;
  const fault = document.querySelector("#save-fault");
  fault.textContent = "";
  button.ariaBusy = "true";
  announce(words.makingReports(radiographs.length));
  try {
    const reports = [];
    for (const radiograph of radiographs) {
      label.textContent = words.reportsMade(reports.length, radiographs.length);
      const report = await reportOf(radiograph);
      if (button.ariaBusy !== "true") return;
      // Numbered, so that images of one name do not replace each other.
      reports.push([`${radiograph.number}-${fileName(radiograph)}.pdf`, report]);
    }
    await saved(reports);
    for (const radiograph of radiographs) radiograph.keep();
    announce(words.reportsSaved);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    announce(inWords(error));
    fault.textContent = inWords(error);
  } finally {
    button.ariaBusy = "false";
    label.textContent = words[label.dataset.text];
  }
}

// What a file that is saved of a radiograph is called, without its ending.
function fileName({ reference, file }) {
  return [reference, file.name].filter(Boolean).join("-").replace(/[^\p{L}\p{N}._ -]/gu, "_");
}

// With the map where it is shown.
function reportOf(radiograph, waits) {
  const { answer, explanation, mapShown } = radiograph;
  const choices = choicesOf(answer);
  if (explanation && (mapShown || !explanation.map)) choices.set("map", true);
  return radiograph.more(`report?${choices}`, "application/pdf", waits);
}
