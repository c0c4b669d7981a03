// Why a film got its answer: a map over it, what the map means, and how it did when put to the test.

import { button, make } from "./dom.js";
import { legend, strongest } from "./heatmap.js";
import { number, words } from "./language.js";
import { trouble, waitingIn } from "./trouble.js";

export function why(film, region) {
  const ask = async () => {
    const busy = make("p", { className: "working", role: "status" }, words.explaining);
    region.replaceChildren(busy);
    try {
      await film.explain(waitingIn(region).tell);
      if (film.explanation) region.replaceChildren(explained(film));
    } catch (error) {
      region.replaceChildren(trouble(error, ask));
    }
  };
  return ask;
}

function explained(film) {
  const { map, withheld, display_label: label, drop, random_drop: randomDrop } = film.explanation;
  const tested = drop === null ? null : make("p", {}, words.tested(label, change(drop), change(randomDrop)));
  const heading = make("h4", {}, words.whyLabel(label));
  if (!map) {
    return make("section", { className: "why" }, heading,
      make("p", { className: "box doubt", role: "status" }, withheld.message), tested);
  }
  return make("section", { className: "why" }, heading,
    make("p", { role: "status" }, words.mapMeans(label), " ", words.strongest(words.ninths[strongest(map)])),
    make("p", { className: "legend" }, make("span", {}, words.little), legend(), make("span", {}, words.much)),
    opacity(film),
    tested,
    make("p", { className: "hint" }, words.mapDoesNotMean),
  );
}

// How a probability changes, in percentage points.
function change(drop) {
  const format = { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" };
  return number(-drop * 100, format).replace("-", "−");
}

export function opacity(film, signal) {
  const slider = make("input", {
    type: "range", min: 0, max: 100, step: 5, value: film.opacity * 100,
    oninput: () => film.fade(slider.value / 100),
  });
  film.addEventListener("opacity", () => (slider.value = film.opacity * 100), { signal });
  return make("label", { className: "slider" }, make("span", {}, words.opacity), slider);
}

export function whyButton(ask) {
  return button(words.why, ask, { symbol: "why" });
}
