// A radiograph in the viewer: its stage, the tools for it, and its answer.

import { diagnosis, remarks } from "./answer.js";
import { make, tool } from "./dom.js";
import { words } from "./language.js";
import { plate } from "./plate.js";
import { ruler } from "./ruler.js";
import { Stage } from "./stage.js";
import { PRESETS } from "./tone.js";
import { explained, why, whyButton } from "./why.js";
import { windowing } from "./windowing.js";

// Alone, a radiograph's name is the viewer's title already.
export function pane(radiograph, signal, alone) {
  const { element, image } = plate(radiograph, signal);
  const stage = new Stage(element, words.stage(radiograph.name), "keys");
  const window = windowing(radiograph, stage, image, signal);
  const region = make("div", { className: "region" });
  const ask = why(radiograph, region, signal);
  if (radiograph.explanation) region.append(explained(radiograph, signal));
  const measure = ruler(radiograph, stage);
  const acts = {
    "1": () => stage.real(radiograph.pixels),
    i: window.invert,
    r: stage.turnRight,
    l: stage.turnLeft,
    h: stage.mirror,
    v: stage.flip,
    w: () => radiograph.state === "answered" && ask(),
    m: () => radiograph.showMap(!radiograph.mapShown),
    d: measure.toggle,
    ...Object.fromEntries(PRESETS.map(({ key, ...preset }) => [key, () => window.preset(preset)])),
  };
  noteOrientation(stage);
  const saidNow = make("div", {});
  let answer;
  const say = () => {
    // Progress changes nothing of an answer that is there.
    if (answer && answer === radiograph.answer) return;
    ({ answer } = radiograph);
    saidNow.replaceChildren(said(radiograph, ask));
  };
  radiograph.addEventListener("state", say, { signal });
  say();
  const tools = make("div", { className: "tools" }, buttons(stage, acts, measure), window.elements);
  return {
    stage,
    acts,
    window,
    element: make("section", { className: "pane", "aria-label": radiograph.name },
      make("h3", { className: alone ? "unseen" : "" }, radiograph.dated), stage.element,
      make("div", { className: "side" }, tools, saidNow, region)),
  };
}

function said({ answer, model, state }, ask) {
  if (!answer) return make("p", { className: "hint" }, words.states[state]);
  return make("div", { className: "answer" },
    answer.rejected ? make("h4", { className: "verdict" }, answer.headline) : diagnosis(answer, model),
    remarks(answer),
    make("p", { className: "notice" }, answer.notice),
    answer.rejected ? null : make("div", { className: "row" }, whyButton(ask)));
}

function buttons(stage, acts, measure) {
  return make("div", { className: "row" },
    tool(words.enlarge, "plus", stage.enlarge),
    tool(words.reduce, "minus", stage.reduce),
    tool(words.whole, "whole", stage.reset),
    tool(words.onePixel, "pixel", acts["1"]),
    tool(words.turnLeft, "left", acts.l),
    tool(words.turnRight, "right", acts.r),
    tool(words.mirror, "mirror", acts.h),
    tool(words.flip, "flip", acts.v),
    tool(words.invert, "invert", acts.i),
    measure.element,
    drags(stage),
  );
}

// That a picture is not shown as it was sent must be seen: its sides may have changed places.
function noteOrientation(stage) {
  const note = make("p", { className: "oriented", role: "status" });
  stage.addEventListener("turned", () => {
    const { quarters, mirrored } = stage;
    note.textContent = quarters || mirrored ? words.oriented(quarters * 90, mirrored) : "";
  });
  stage.element.append(note);
}

function drags(stage) {
  const moves = make("input", {
    type: "checkbox",
    onchange: () => (stage.dragMoves = moves.checked),
  });
  return make("label", { className: "check" }, moves, make("span", {}, words.dragMoves));
}
