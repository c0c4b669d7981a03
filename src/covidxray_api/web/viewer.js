// Films in large: one, or two beside each other to compare.

import { button, make } from "./dom.js";
import { words } from "./language.js";
import { pane } from "./pane.js";

const dialog = document.querySelector("#viewer");

export function view(films, title) {
  const closed = new AbortController();
  const { signal } = closed;
  const panes = films.map((film) => pane(film, signal, films.length === 1));
  const heading = make("h2", { id: "viewer-title" }, title);
  dialog.replaceChildren(
    make("header", { className: "viewer-head" }, heading,
      panes.length > 1 ? together(panes.map(({ stage }) => stage)) : null,
      button(words.close, () => dialog.close(), { symbol: "cross" })),
    make("div", { className: panes.length > 1 ? "panes two" : "panes" }, panes.map(({ element }) => element)),
    make("p", { className: "hint", id: "keys" }, words.keys),
  );
  dialog.addEventListener("close", () => {
    closed.abort();
    dialog.replaceChildren();
  }, { once: true });
  dialog.showModal();
  panes[0].stage.element.focus();
}

// Moves and enlarges both films as one, as long as it is ticked.
function together(stages) {
  const tick = make("input", { type: "checkbox", checked: true });
  for (const stage of stages) {
    stage.addEventListener("view", () => {
      if (!tick.checked) return;
      for (const other of stages) if (other !== stage) other.show(stage.view);
    });
  }
  return make("label", { className: "check" }, tick, make("span", {}, words.together));
}
