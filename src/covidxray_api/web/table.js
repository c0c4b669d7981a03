// Answers as a table for a spreadsheet: CSV (RFC 4180), its columns named as the answer's fields are.

const COLUMNS = {
  number: ({ number }) => number,
  reference: ({ reference }) => reference,
  file: ({ file }) => file.name,
  headline: ({ answer }) => answer.headline,
  conclusive: ({ answer }) => answer.conclusive,
  candidates: ({ answer }) => answer.candidates.map(({ code }) => code).join(" "),
  predicted_label: ({ answer }) => answer.predicted_label,
  rejected: ({ answer }) => answer.rejected,
  operating_point: ({ answer }) => answer.operating_point,
  prevalence: ({ answer }) => answer.predictive_values?.prevalence,
  statement: ({ answer }) => answer.statement,
  findings: ({ answer }) => answer.consistency.findings.map(({ code }) => code).join(" "),
  warnings: ({ answer }) => answer.warnings.map(({ code }) => code).join(" "),
  model: ({ answer }) => answer.model.name,
  version: ({ answer }) => answer.model.version,
  sha256: ({ answer }) => answer.model.sha256,
  request_id: ({ answer }) => answer.request_id,
};

// Spreadsheets tell UTF-8 by this mark.
const MARK = "\ufeff";

export function table(radiographs) {
  const labels = [...new Set(radiographs.flatMap(({ answer }) => Object.keys(answer.probabilities ?? {})))];
  const columns = [
    ...Object.entries(COLUMNS),
    ...labels.map((label) => [`probability_${label}`, ({ answer }) => answer.probabilities?.[label]]),
    ...labels.map((label) => [`cut_off_${label}`, ({ answer }) => answer.cut_offs?.[label]]),
  ];
  const lines = [columns.map(([name]) => name), ...radiographs.map((radiograph) => columns.map(([, value]) => value(radiograph)))];
  return MARK + lines.map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

// A text that begins like a formula must not become one (OWASP, CSV injection).
function field(value) {
  const text = String(value ?? "");
  const harmless = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
