// A radiograph's line in the table.

import { make } from "./dom.js";
import { words } from "./language.js";
import { shares, verdict } from "./verdict.js";

export function row(radiograph, open, changed) {
  const gone = new AbortController();
  const name = make("span", {});
  const opener = make("button", { type: "button", className: "opener", tabIndex: -1 }, name);
  const [said, probabilities, status] = ["outcome", "shares", "status"].map((className) => make("td", { className, role: "cell" }));
  // Said as well as meant: not every browser takes lines for those of a table that are drawn otherwise.
  const element = make("tr", { role: "row", onclick: () => open(radiograph) }, make("th", { role: "rowheader" }, opener), said, probabilities, status);

  const showName = () => (name.textContent = radiograph.name);
  const showOpen = () => {
    opener.setAttribute("aria-expanded", String(radiograph.open));
    element.classList.toggle("open", radiograph.open);
  };
  const showState = () => {
    const { answer, model, state, running } = radiograph;
    const { rank } = verdict(radiograph);
    element.dataset.rank = rank;
    write(said, answer ? answer.headline : words.states[state]);
    write(probabilities, answer?.probabilities ? shares(answer, model) : "");
    // An answer stays while another is asked for.
    write(status, answer ? words.states[state] : "");
    if (!running) changed();
  };
  const on = (what, act) => radiograph.addEventListener(what, act, { signal: gone.signal });
  on("state", showState);
  on("reference", showName);
  on("opened", showOpen);
  showName();
  showOpen();
  showState();
  return { element, opener, gone };
}

// An upload tells its progress often, and a text that is set anew, even to the same, has the table laid out anew.
function write(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}
