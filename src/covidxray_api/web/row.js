// A radiograph's line in the table.

import { make } from "./dom.js";
import { words } from "./language.js";
import { shares, verdict } from "./verdict.js";

export function row(radiograph, open, changed) {
  const gone = new AbortController();
  const name = make("span", {});
  const opener = make("button", { type: "button", className: "opener" }, name);
  const [said, probabilities, status] = ["outcome", "shares", "status"].map((className) => make("td", { className }));
  const element = make("tr", { onclick: () => open(radiograph) }, make("th", { scope: "row" }, opener), said, probabilities, status);

  const showName = () => (name.textContent = radiograph.name);
  const showOpen = () => {
    opener.setAttribute("aria-expanded", String(radiograph.open));
    element.classList.toggle("open", radiograph.open);
  };
  const showState = () => {
    const { answer, model, state, running } = radiograph;
    const { rank } = verdict(radiograph);
    element.dataset.rank = rank;
    said.textContent = answer ? answer.headline : words.states[state];
    probabilities.textContent = answer?.probabilities ? shares(answer, model) : "";
    // An answer stays while another is asked for.
    status.textContent = answer ? words.states[state] : "";
    if (!running) changed();
  };
  const on = (what, act) => radiograph.addEventListener(what, act, { signal: gone.signal });
  on("state", showState);
  on("reference", showName);
  on("opened", showOpen);
  showName();
  showOpen();
  showState();
  return { element, gone };
}
