// Radiographs in large: one, with the others of the list before and after it, or two to compare.

import { button, make } from "./dom.js";
import { words } from "./language.js";
import { pane } from "./pane.js";

const dialog = document.querySelector("#viewer");

let shown = null; // what the viewer shows, while it is open

// `order` is what “previous” and “next” go through.
export function view(radiographs, order = []) {
  show(radiographs, order);
  dialog.showModal();
  shown.panes[0].stage.element.focus();
}

function show(radiographs, order) {
  shown?.closed.abort();
  const closed = new AbortController();
  const alone = radiographs.length === 1;
  const panes = radiographs.map((radiograph) => pane(radiograph, closed.signal, alone));
  shown = { closed, panes, radiographs, order };
  const title = alone ? radiographs[0].name : words.compareTitle;
  dialog.replaceChildren(
    make("header", { className: "viewer-head" }, make("h2", { id: "viewer-title" }, title),
      alone ? steps() : together(panes),
      button(words.close, () => dialog.close(), { symbol: "cross" })),
    make("div", { className: alone ? "panes" : "panes two" }, panes.map(({ element }) => element)),
    make("p", { className: "hint", id: "keys" }, words.keys),
  );
}

function steps() {
  const { radiographs, order } = shown;
  if (order.length < 2) return null;
  return make("div", { className: "row" },
    button(words.previous, () => step(-1)),
    make("span", {}, words.place(order.indexOf(radiographs[0]) + 1, order.length)),
    button(words.next, () => step(1)));
}

function step(by) {
  const { radiographs, order } = shown;
  const next = order[order.indexOf(radiographs[0]) + by];
  if (radiographs.length > 1 || !next) return;
  show([next], order);
  shown.panes[0].stage.element.focus();
}

dialog.addEventListener("close", () => {
  shown?.closed.abort();
  shown = null;
  dialog.replaceChildren();
});

dialog.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const focused = shown.panes.find(({ element }) => element.contains(document.activeElement)) ?? shown.panes[0];
  const key = event.key.toLowerCase();
  const act = { n: () => step(1), p: () => step(-1) }[key] ?? focused.acts[key];
  if (!act) return;
  event.preventDefault();
  act();
});

// Moves, enlarges and brightens both as one, as long as it is ticked.
function together(panes) {
  const tick = make("input", { type: "checkbox", checked: true });
  const others = (pane) => (tick.checked ? panes.filter((other) => other !== pane) : []);
  for (const pane of panes) {
    pane.stage.addEventListener("view", () => {
      for (const { stage } of others(pane)) stage.show(pane.stage.view);
    });
    pane.window.onchange = (values) => {
      for (const { window } of others(pane)) window.set(values);
    };
  }
  return make("label", { className: "check" }, tick, make("span", {}, words.together));
}
