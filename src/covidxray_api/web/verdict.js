// The answer in a line, and which group of the table it belongs to.

import { percent, words } from "./language.js";
import { shortNames } from "./models.js";

const [URGENT, INCONCLUSIVE, REFUSED, FAILED, OTHER, NORMAL, RUNNING] = [0, 1, 2, 3, 4, 5, 6];

// `group` is one for each count over the table; the urgent groups have the smaller `rank`.
export function verdict({ answer, model, state }) {
  if (!answer) {
    if (state === "problem" || state === "cancelled") return { group: state, rank: FAILED, name: words.states[state] };
    return { group: "running", rank: RUNNING, name: words.states.waiting };
  }
  if (answer.rejected) return { group: "refused", rank: REFUSED, name: words.states.refused };
  if (!answer.conclusive) return { group: "inconclusive", rank: INCONCLUSIVE, name: answer.headline };
  const { predicted_label: label } = answer;
  const name = shortNames(model)[label] ?? answer.headline;
  return { group: label, rank: rankOf(label, answer, model), name };
}

function rankOf(label, answer, model) {
  if (label === target(answer, model)) return URGENT;
  return label === "normal" ? NORMAL : OTHER;
}

function target({ operating_point: name }, { operating_points: points }) {
  return points[name]?.target;
}

// For what is announced and for the viewer.
export function summary({ answer, model }) {
  if (!answer.probabilities) return answer.headline;
  return `${answer.headline} · ${shares(answer, model)}`;
}

// The probabilities, the largest first.
export function shares({ probabilities }, model) {
  const names = shortNames(model);
  return Object.entries(probabilities)
    .sort(([, one], [, other]) => other - one)
    .map(([label, share]) => `${names[label] ?? label}\u00a0${percent(share)}`)
    .join(" · ");
}

// Radiographs, each with its verdict: the urgent first; among equals, those that came first.
export function urgentFirst(radiographs) {
  return radiographs.map((radiograph) => ({ radiograph, ...verdict(radiograph) }))
    .sort((one, other) => one.rank - other.rank || one.radiograph.number - other.radiograph.number);
}

// How many there are of each group, in the order of the table.
export function counted(sorted) {
  const groups = new Map();
  for (const { group, name } of sorted) {
    groups.set(group, { name, count: (groups.get(group)?.count ?? 0) + 1 });
  }
  return groups;
}
