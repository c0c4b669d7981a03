// Probabilities as bars, each with a mark from which on its label is the answer.

import { make } from "./dom.js";
import { percent, words } from "./language.js";

// The answer is the label whose probability is the largest multiple of its threshold. A threshold may
// exceed 1, and alone decides nothing; so the mark is the probability at which this label's multiple
// equals the largest of the others', their proportions staying as they are. Exactly the label that is
// the answer reaches its mark.
export function marks(probabilities, thresholds) {
  const labels = Object.entries(probabilities);
  return Object.fromEntries(
    labels.map(([label, share]) => {
      const others = labels.filter(([other]) => other !== label);
      const rival = Math.max(...others.map(([other, theirs]) => theirs / thresholds[other]));
      const needed = rival * thresholds[label];
      return [label, needed / (1 - share + needed)];
    }),
  );
}

export function bars(answer, names, thresholds) {
  const marked = thresholds && marks(answer.probabilities, thresholds);
  return make("ul", { className: "bars" },
    Object.entries(answer.probabilities).map(([label, share]) =>
      bar(names[label] ?? label, share, marked?.[label], label === answer.predicted_label),
    ),
  );
}

function bar(name, share, mark, predicted) {
  const fill = make("span", { className: "fill" });
  fill.style.setProperty("width", `${share * 100}%`);
  const track = make("span", { className: "track", "aria-hidden": "true" }, fill);
  if (mark !== undefined) {
    const tick = make("span", { className: "tick" });
    tick.style.setProperty("left", `${mark * 100}%`);
    track.append(tick);
  }
  return make("li", { className: predicted ? "bar predicted" : "bar" },
    make("span", { className: "bar-name" }, name),
    make("span", { className: "bar-share" }, percent(share)),
    track,
    mark === undefined ? null : make("span", { className: "bar-mark" }, words.threshold(percent(mark))),
  );
}
