import { words } from "./words.js";

const language = navigator.language.startsWith("es") ? "es" : "en";
const text = words[language];
const input = document.querySelector("#file");
const drop = document.querySelector("#drop");
const preview = document.querySelector("#preview");
const answer = document.querySelector("#answer");

document.documentElement.lang = language;
for (const element of document.querySelectorAll("[data-text]")) {
  element.textContent = text[element.dataset.text];
}

function make(tag, content, attributes = {}) {
  const element = document.createElement(tag);
  element.append(...[content].flat());
  Object.assign(element, attributes);
  return element;
}

function show(...elements) {
  answer.replaceChildren(...elements);
}

function alertWith(title, detail) {
  return make("div", [make("strong", title), make("p", detail)], { role: "alert" });
}

function showPreview(file) {
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.alt = text.preview;
  preview.hidden = false;
}

// A DICOM or TIFF file has no picture that the browser can draw.
preview.addEventListener("error", () => (preview.hidden = true));

function diagnosis(body) {
  const bars = Object.entries(body.probabilities).flatMap(([code, share]) => [
    make("dt", code.replaceAll("_", " ")),
    make("dd", make("progress", "", { value: share, ariaLabel: code })),
    make("dd", `${(share * 100).toFixed(1)} %`),
  ]);
  const heading = make("h2", body.display_label);
  return body.uncertain
    ? [heading, make("p", make("strong", text.uncertain)), make("dl", bars)]
    : [heading, make("dl", bars)];
}

function render(body) {
  const similarity = `SSIM ${body.consistency.ssim.toFixed(2)} (≥ ${body.consistency.threshold.toFixed(2)})`;
  const model = `${body.model.name} ${body.model.version}`;
  show(
    ...(body.rejected ? [alertWith(body.rejection.message, similarity)] : diagnosis(body)),
    ...body.warnings.map((warning) => make("p", warning.message)),
    make("p", make("small", `${body.notice} ${text.model}: ${model}. ${similarity}.`)),
  );
}

async function screen(file) {
  showPreview(file);
  show(make("p", text.working));
  const form = new FormData();
  form.append("file", file);
  try {
    const response = await fetch("predict", {
      method: "POST",
      body: form,
      headers: { "Accept-Language": language },
    });
    const body = await response.json();
    response.ok ? render(body) : show(alertWith(body.title, `${body.detail} ${body.advice}`));
  } catch {
    show(alertWith(text.offline, text.retry));
  }
}

input.addEventListener("change", () => input.files[0] && screen(input.files[0]));
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) screen(file);
});
