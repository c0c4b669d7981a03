// A film in the viewer: its stage, the tools for it, and its answer.

import { diagnosis, summary } from "./answer.js";
import { button, icon, make } from "./dom.js";
import { words } from "./language.js";
import { plate } from "./plate.js";
import { Stage } from "./stage.js";
import { filter, NEUTRAL, tone } from "./tone.js";
import { opacity } from "./why.js";

// A drag over the whole stage moves a slider over its whole range.
const RANGE = 100;

// Alone, a film's name is the viewer's title already.
export function pane(film, signal, alone) {
  const { element, image } = plate(film, signal);
  const stage = new Stage(element, words.stage(film.name), "keys");
  const tools = make("div", { className: "tools" }, zooms(stage), tones(stage, image));
  const showOpacity = () => film.explanation?.map && tools.append(opacity(film, signal));
  film.addEventListener("explanation", showOpacity, { signal });
  showOpacity();
  return {
    stage,
    element: make("section", { className: "pane", "aria-label": film.name },
      make("h3", { className: alone ? "unseen" : "" }, film.name), stage.element, make("div", { className: "side" }, tools, said(film))),
  };
}

function said(film) {
  if (film.state === "answered") return make("div", { className: "answer" }, diagnosis(film.answer, film.model));
  return make("p", { className: "hint" }, film.state === "refused" ? summary(film) : words.states[film.state]);
}

function zooms(stage) {
  const tool = (text, symbol, act) =>
    make("button", { type: "button", className: "button square", title: text, "aria-label": text, onclick: act },
      icon(symbol));
  return make("div", { className: "row" },
    tool(words.enlarge, "plus", stage.enlarge),
    tool(words.reduce, "minus", stage.reduce),
    tool(words.wholeFilm, "whole", stage.reset),
    drags(stage),
  );
}

function tones(stage, image) {
  const show = () => {
    const chosen = tone(Number(brightness.value), Number(contrast.value));
    image.style.setProperty("filter", filter(chosen));
    figures.textContent = words.levelWidth(Math.round(chosen.level * 100), Math.round(chosen.width * 100));
  };
  const slider = () => make("input", { type: "range", min: 0, max: 100, value: NEUTRAL, oninput: show });
  const [brightness, contrast] = [slider(), slider()];
  const figures = make("output", { className: "hint" });
  const reset = () => {
    brightness.value = contrast.value = NEUTRAL;
    show();
  };
  stage.addEventListener("tone", ({ across, down }) => {
    contrast.valueAsNumber += across * RANGE;
    brightness.valueAsNumber -= down * RANGE;
    show();
  });
  show();
  return [
    make("label", { className: "slider" }, make("span", {}, words.brightness), brightness),
    make("label", { className: "slider" }, make("span", {}, words.contrast), contrast),
    make("div", { className: "row" }, figures, button(words.resetTone, reset, { kind: "quiet" })),
  ];
}

function drags(stage) {
  const moves = make("input", {
    type: "checkbox",
    onchange: () => (stage.dragMoves = moves.checked),
  });
  return make("label", { className: "check" }, moves, make("span", {}, words.dragMoves));
}
