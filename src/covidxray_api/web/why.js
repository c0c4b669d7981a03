// Why a radiograph got its answer: a map over it, what the map means, and how it did when put to the test, which the service says.

import { legend, strongest } from "./contours.js";
import { button, make } from "./dom.js";
import { words } from "./language.js";
import { headlines } from "./models.js";
import { plate } from "./plate.js";
import { trouble, waitingIn } from "./trouble.js";

// Where the image was turned, its left is no side of the patient that could be told from it.
const TURNED = /^rotated_/;

export function why(radiograph, region, signal) {
  const ask = async () => {
    const busy = make("p", { className: "working", role: "status" }, words.explaining);
    region.replaceChildren(busy);
    try {
      await radiograph.explain(waitingIn(region).tells);
      if (radiograph.explanation) region.replaceChildren(explained(radiograph, signal));
    } catch (error) {
      region.replaceChildren(trouble(error, ask));
    }
  };
  return ask;
}

export function explained(radiograph, signal) {
  const { map, withheld, strongest_spot, notes, label: code, display_label } = radiograph.explanation;
  const label = headlines(radiograph.model)[code] ?? display_label;
  const heading = make("h4", {}, words.whyLabel(label));
  if (!map) {
    return make("section", { className: "why" }, heading,
      make("p", { className: "box doubt", role: "status" }, withheld.message));
  }
  const turned = radiograph.answer.consistency.findings.some(({ code }) => TURNED.test(code));
  const places = turned ? words.ninthsOfImage : words.ninths;
  return make("section", { className: "why" }, heading,
    make("p", { role: "status" }, words.mapMeans(label), " ", words.strongest(places[strongest(map)])),
    mapSwitch(radiograph, signal),
    legend(radiograph.explanation),
    make("div", { className: "beside-words" }, plate(radiograph, signal).element),
    strongest_spot ? make("p", { className: "spot" }, strongest_spot.message) : null,
    notes.map(({ message }) => make("p", {}, message)),
  );
}

export function mapSwitch(radiograph, signal) {
  const tick = make("input", {
    type: "checkbox", checked: radiograph.mapShown, onchange: () => radiograph.showMap(tick.checked),
  });
  radiograph.addEventListener("map", () => (tick.checked = radiograph.mapShown), { signal });
  return make("label", { className: "check" }, tick, make("span", {}, words.showMap));
}

export function whyButton(ask) {
  return button(words.why, ask, { symbol: "why" });
}
