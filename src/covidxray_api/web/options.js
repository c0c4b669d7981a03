// The choices under which radiographs are read: operating point, model, and how frequent the disease is.

import { make } from "./dom.js";
import { models, shortNames } from "./models.js";
import { language, words } from "./language.js";
import { settings } from "./settings.js";

const points = document.querySelector("#points");
const picker = document.querySelector("#model");
const frequency = document.querySelector("#prevalence");
const KEY = "prevalence";
const chosen = { model: null, point: null };
let startingPoint = null; // of the operator's

// Names no model until the models are known: the service then takes its own default.
export function query() {
  const asked = new URLSearchParams(chosen.model ? { model: chosen.model.name } : {});
  if (ofAHundred()) asked.set("prevalence", ofAHundred() / 100);
  return asked;
}

// Null until the models are known: the answer's own operating point then holds.
export function point() {
  return chosen.point;
}

export function pointName(point) {
  return words.points[point]?.name ?? point;
}

// Null where nothing is stated, or nothing that can be.
function ofAHundred() {
  return frequency.value && frequency.validity.valid ? frequency.valueAsNumber : null;
}

// Shows the choices in the page's language; `onquery` is told when the service must be asked again,
// `onpoint` when the answers have what is wanted.
export async function showOptions({ onquery, onpoint }) {
  takePrevalence(onquery);
  const [known, { models: named, operating_point }] = await Promise.all([models(), settings()]);
  const offered = offeredOf(known, named);
  startingPoint = operating_point;
  chosen.model ??= offered.find((model) => model.default) ?? offered[0];
  showModels(offered, onquery, onpoint);
  showPoints(onpoint);
  document.querySelector("#options").hidden = false;
}

// Those that the operator names, or else all that are for patients; never none.
function offeredOf(known, named) {
  const offered = known.filter(({ name, not_for_patients }) => (named?.length ? named.includes(name) : !not_for_patients));
  return offered.length ? offered : known.filter((model) => model.default);
}

// Kept in this tab: it is of one question at one place.
function takePrevalence(onquery) {
  frequency.value = stored() ?? frequency.value;
  frequency.onchange = () => {
    document.querySelector("#prevalence-fault").textContent = frequency.validity.valid ? "" : words.prevalenceRange;
    frequency.setAttribute("aria-invalid", String(!frequency.validity.valid));
    if (!frequency.validity.valid) return;
    try {
      sessionStorage.setItem(KEY, frequency.value);
    } catch {
      // Not remembered, but used.
    }
    onquery();
  };
}

function stored() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // Storage may be forbidden.
  }
}

function showModels(offered, onquery, onpoint) {
  picker.closest("details").hidden = offered.length < 2;
  picker.replaceChildren(
    ...offered.map(({ name }) => make("option", { value: name, selected: name === chosen.model.name }, name)),
  );
  picker.onchange = () => {
    chosen.model = offered.find((model) => model.name === picker.value);
    showPoints(onpoint);
    describe();
    onquery();
  };
  describe();
}

function describe() {
  document.querySelector("#model-description").textContent = chosen.model.description;
}

function showPoints(onpoint) {
  const offered = Object.entries(chosen.model.operating_points);
  if (!(chosen.point in chosen.model.operating_points)) {
    const names = offered.map(([name]) => name);
    chosen.point = [startingPoint, "balanced", names[0]].find((name) => names.includes(name)) ?? null;
  }
  points.hidden = offered.length === 0;
  const names = shortNames(chosen.model);
  const [, first] = offered[0] ?? [];
  const target = names[first?.target] ?? "COVID-19";
  document.querySelector("#prevalence-question").textContent = words.prevalence(target);
  const choose = (name) => {
    chosen.point = name;
    onpoint();
  };
  points.querySelector(".points").replaceChildren(...offered.map(([name, point]) => choice(name, point, choose)));
}

// What was measured at hospitals that the model had not seen comes first, from the service.
function choice(name, { figures }, choose) {
  const input = make("input", {
    type: "radio",
    name: "point",
    value: name,
    checked: name === chosen.point,
    onchange: () => choose(name),
  });
  const [first, ...others] = figures[language];
  return make("label", { className: "point" },
    input,
    make("span", {},
      make("strong", {}, pointName(name)),
      make("span", { className: "hint" }, words.points[name]?.meaning ?? ""),
      first ? make("span", { className: "figures" }, first.message) : null,
      others.map(({ message }) => make("span", { className: "hint figures" }, message)),
    ),
  );
}
