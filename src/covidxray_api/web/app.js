import { problemsInSpanish, words } from "./words.js";

const language = navigator.language.toLowerCase().startsWith("es") ? "es" : "en";
const text = words[language];
const input = document.querySelector("#file");
const drop = document.querySelector("#drop");
const preview = document.querySelector("#preview");
const answer = document.querySelector("#answer");
let current = new AbortController();

document.documentElement.lang = language;
for (const element of document.querySelectorAll("[data-text]")) {
  element.textContent = text[element.dataset.text];
}

function make(tag, content = [], properties = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...[content].flat());
  return element;
}

function alertWith(title, ...details) {
  const paragraphs = details.filter(Boolean).map((detail) => make("p", detail));
  return make("div", [make("strong", title), ...paragraphs], { role: "alert" });
}

function bar(name, share) {
  const percent = new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1 });
  return [
    make("dt", name),
    make("dd", make("progress", [], { value: share, ariaLabel: name })),
    make("dd", percent.format(share)),
  ];
}

function diagnosis(body, names) {
  const bars = Object.entries(body.probabilities).flatMap(([code, share]) =>
    bar(names[code] ?? code, share),
  );
  const doubt = body.uncertain ? [make("p", text.uncertain, { className: "doubt" })] : [];
  return [make("h2", body.display_label), ...doubt, make("dl", bars)];
}

function rendered(body, names) {
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const { ssim, threshold } = body.consistency;
  const similarity = `${text.similarity}: ${number.format(ssim)} (${text.least} ${number.format(threshold)}).`;
  const model = `${text.model}: ${body.model.name} ${body.model.version}.`;
  return [
    ...(body.rejected ? [alertWith(body.rejection.message)] : diagnosis(body, names)),
    ...[...body.consistency.findings, ...body.warnings].map((warning) => make("p", warning.message)),
    make("p", make("strong", body.notice)),
    make("p", make("small", `${similarity} ${model}`)),
  ];
}

function explained(problem) {
  const request = make("small", `${text.request}: ${problem.request_id}`);
  const spoken = language === "es" ? problemsInSpanish[problem.type] : undefined;
  return spoken
    ? alertWith(spoken, request)
    : alertWith(problem.title, problem.detail, problem.advice, request);
}

async function displayNames(model, signal) {
  const { models } = await (await fetch("models", { signal })).json();
  const { labels } = models.find(({ name }) => name === model);
  return Object.fromEntries(labels.map(({ code, display }) => [code, display[language]]));
}

async function answerTo(file, signal) {
  const body = new FormData();
  body.append("file", file);
  const headers = { "Accept-Language": language };
  const response = await fetch("predict", { method: "POST", body, headers, signal });
  const said = await response.json();
  if (!response.ok) return [explained(said)];
  return rendered(said, said.rejected ? {} : await displayNames(said.model.name, signal));
}

async function screen(file) {
  current.abort();
  const { signal } = (current = new AbortController());
  show(file);
  answer.setAttribute("aria-busy", "true");
  answer.replaceChildren(make("p", text.working));
  const elements = await answerTo(file, signal).catch(() => [alertWith(text.offline, text.retry)]);
  // Another film has been chosen meanwhile: its answer must not be overwritten by this one.
  if (signal.aborted) return;
  answer.replaceChildren(...elements);
  answer.removeAttribute("aria-busy");
}

function show(file) {
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.alt = text.preview;
  preview.hidden = false;
}

// A DICOM or TIFF file has no picture that the browser can draw.
preview.addEventListener("error", () => (preview.hidden = true));

function screenChosen() {
  const [file] = input.files;
  if (file) screen(file);
}

input.addEventListener("change", screenChosen);
// Choosing the same file again shall be noticed too.
input.addEventListener("click", () => (input.value = ""));

// A file dropped beside the field would otherwise replace the page.
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => event.preventDefault());
}
drop.addEventListener("dragover", () => drop.classList.add("over"));
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  input.files = event.dataTransfer.files;
  screenChosen();
});
