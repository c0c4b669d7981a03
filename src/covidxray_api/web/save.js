// Takes an answer out of the page: as JSON, or as the service's report.

import { make } from "./dom.js";

// The time that a browser may need to begin with a download.
const GRACE_MS = 10_000;

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), GRACE_MS);
}

export function saveAnswer({ file, answer, explanation }) {
  const text = JSON.stringify({ ...answer, explanation }, null, 2);
  save(new Blob([text], { type: "application/json" }), `${file.name}.json`);
}

export async function saveReport(film, onwait) {
  const report = await film.more(`report?${film.choices()}`, "application/pdf", onwait);
  save(report, `${film.file.name}.pdf`);
}
