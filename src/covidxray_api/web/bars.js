// Probabilities as bars, each with a line at the cut-off from which on its label is the answer.

import { make } from "./dom.js";
import { percent, words } from "./language.js";

export function bars({ probabilities, cut_offs, predicted_label, conclusive }, names) {
  return make("ul", { className: "bars" },
    Object.entries(probabilities).map(([label, share]) =>
      bar(names[label] ?? label, share, cut_offs[label], conclusive && label === predicted_label),
    ),
  );
}

function bar(name, share, cutOff, predicted) {
  const fill = make("span", { className: "fill" });
  fill.style.setProperty("width", `${share * 100}%`);
  const tick = make("span", { className: "tick" });
  tick.style.setProperty("left", `${cutOff * 100}%`);
  return make("li", { className: predicted ? "bar predicted" : "bar" },
    make("span", { className: "bar-name" }, name),
    make("span", { className: "bar-share" }, percent(share)),
    make("span", { className: "track", "aria-hidden": "true" }, fill, tick),
    make("span", { className: "bar-mark" }, words.cutOff(percent(cutOff))),
  );
}
