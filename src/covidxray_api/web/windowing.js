// Window and level of a radiograph in the viewer: sliders, presets, and where a DICOM file states a
// window, its own unit.

import { button, labelled, make } from "./dom.js";
import { isDicom } from "./formats.js";
import { number, words } from "./language.js";
import { drawLevels, levelsOf } from "./levels.js";
import { Failure } from "./request.js";
import { filter, inUnits, NEUTRAL, PRESETS, sliders, tone } from "./tone.js";

// A drag over the whole stage moves a slider over its whole range.
const RANGE = 100;

// `onchange` is told what was chosen, which `set` takes for another radiograph.
export function windowing(radiograph, stage, image, signal) {
  let chosen = { brightness: NEUTRAL, contrast: NEUTRAL };
  let inverted = false;
  let levels = null;
  const canvas = make("canvas", { "aria-hidden": "true" });
  const slider = (name) => make("input", {
    type: "range", min: 0, max: 100, oninput: ({ target }) => choose({ ...chosen, [name]: target.valueAsNumber }),
  });
  const [brightness, contrast] = [slider("brightness"), slider("contrast")];
  const figures = make("output", { className: "hint" });
  const own = make("div", { className: "own-window", role: "group", "aria-label": words.ownWindow, hidden: true });
  const [center, width] = ["center", "width"].map((name) => make("input", {
    type: "number", step: "any", onchange: ({ target }) => typed(name, target),
  }));

  function show() {
    brightness.valueAsNumber = chosen.brightness;
    contrast.valueAsNumber = chosen.contrast;
    const { level, width: share } = tone(chosen);
    figures.textContent = words.levelWidth(Math.round(level * 100), Math.round(share * 100));
    if (!levels) return image.style.setProperty("filter", filter(tone(chosen)) + (inverted ? " invert(1)" : ""));
    const window = inUnits.of(tone(chosen), levels);
    center.value = rounded(window.center);
    width.value = rounded(window.width);
    figures.textContent = said(window);
    drawLevels(canvas, levels, window, inverted);
  }
  function set(values) {
    chosen = values;
    show();
  }
  function choose(values) {
    set(values);
    window.onchange?.(values);
  }
  function typed(name, field) {
    const valid = Number.isFinite(field.valueAsNumber) && (name === "center" || field.valueAsNumber > 0);
    if (!valid) return show();
    const window = { ...inUnits.of(tone(chosen), levels), [name]: field.valueAsNumber };
    choose(sliders(inUnits.from(window, levels)));
  }

  async function readLevels() {
    if (!(await isDicom(radiograph.file))) return;
    levels = await levelsOf(radiograph, signal);
    if (!levels || signal.aborted) return;
    image.style.removeProperty("filter");
    image.after(canvas);
    own.hidden = false;
    own.append(
      ...labelled(words.center, center), ...labelled(words.windowWidth, width),
      ...levels.windows.map((window) =>
        button(said(window), () => choose(sliders(inUnits.from(window, levels)))),
      ),
    );
    show();
  }

  const presets = PRESETS.map(({ name, key, ...preset }) =>
    button(words.presets[name], () => choose(sliders(preset)), { title: words.presetKey(key) }));
  stage.addEventListener("tone", ({ across, down }) => {
    const within = (value) => (levels ? value : Math.min(100, Math.max(0, value)));
    choose({
      brightness: within(chosen.brightness - down * RANGE), contrast: within(chosen.contrast + across * RANGE),
    });
  });
  const window = {
    onchange: null,
    set,
    preset: (preset) => choose(sliders(preset)),
    invert() {
      inverted = !inverted;
      show();
    },
    elements: [
      own,
      make("div", { className: "row", role: "group", "aria-label": words.window }, presets),
      make("label", { className: "slider" }, make("span", {}, words.brightness), brightness),
      make("label", { className: "slider" }, make("span", {}, words.contrast), contrast),
      make("div", { className: "row" }, figures,
        button(words.resetTone, () => choose({ brightness: NEUTRAL, contrast: NEUTRAL }), { kind: "quiet" })),
    ],
  };
  show();
  readLevels().catch((error) => {
    // The picture is there all the same.
    if (!signal.aborted && !(error instanceof Failure)) throw error;
  });
  return window;
}

function said({ center, width }) {
  const plain = (value) => number(rounded(value), { useGrouping: false, maximumFractionDigits: 4 });
  return words.centerWidth(plain(center), plain(width));
}

function rounded(value) {
  return Number(value.toPrecision(5));
}
