// The choices under which films are read: operating point and model.

import { make } from "./dom.js";
import { displayNames, models } from "./models.js";
import { number, percent, words } from "./language.js";

const points = document.querySelector("#points");
const picker = document.querySelector("#model");
const chosen = { model: null, point: null };

// Empty until the models are known: the service then takes its own default.
export function query() {
  return new URLSearchParams(chosen.model ? { model: chosen.model.name } : {});
}

// Null until the models are known: the answer's own operating point then holds.
export function point() {
  return chosen.point;
}

export function pointName(point) {
  return words.points[point]?.name ?? point;
}

// Shows the choices in the page's language; `onmodel` and `onpoint` are told when another is made.
export async function showOptions(onmodel, onpoint) {
  const known = await models();
  chosen.model ??= known.find((model) => model.default) ?? known[0];
  showModels(known, onmodel, onpoint);
  showPoints(onpoint);
  document.querySelector("#options").hidden = false;
}

function showModels(known, onmodel, onpoint) {
  picker.closest("details").hidden = known.length < 2;
  picker.replaceChildren(
    ...known.map(({ name }) =>
      make("option", { value: name, selected: name === chosen.model.name }, name),
    ),
  );
  picker.onchange = () => {
    chosen.model = known.find((model) => model.name === picker.value);
    showPoints(onpoint);
    describe();
    onmodel();
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
    chosen.point = names.includes("balanced") ? "balanced" : (names[0] ?? null);
  }
  points.hidden = offered.length === 0;
  points.querySelector("#measured").textContent = words.measured(
    `${chosen.model.name} ${chosen.model.version}`);
  const names = displayNames(chosen.model);
  const choose = (name) => {
    chosen.point = name;
    onpoint();
  };
  points.querySelector(".points").replaceChildren(
    ...offered.map(([name, point]) => choice(name, point, names[point.target], choose)),
  );
}

function choice(name, point, target, choose) {
  const input = make("input", {
    type: "radio",
    name: "point",
    value: name,
    checked: name === chosen.point,
    onchange: () => choose(name),
  });
  return make("label", { className: "point" },
    input,
    make("span", {},
      make("strong", {}, pointName(name)),
      make("span", { className: "hint" }, words.points[name]?.meaning ?? ""),
      make("span", { className: "hint figures" },
        words.figures({
          sensitivity: percent(point.sensitivity),
          specificity: percent(point.specificity),
          cases: number(point.cases),
          controls: number(point.controls),
          target,
        })),
    ),
  );
}
