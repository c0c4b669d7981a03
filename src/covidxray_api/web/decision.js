// What follows from an answer at the operating point that is chosen, and what its explanation is about.

import { language } from "./language.js";
import { point } from "./options.js";

export function decided(answer) {
  const decision = answer.decisions[point()];
  return decision ? { ...answer, ...decision, operating_point: point() } : answer;
}

// The label that an explanation is about: the answer, or the most probable where it is not conclusive.
export function explained({ conclusive, predicted_label, candidates }) {
  return conclusive || !candidates.length ? predicted_label : candidates[0].code;
}

export function explanationKey(answer) {
  return [answer.model.sha256, explained(answer), language].join("|");
}

// The choices under which an answer was given.
export function choicesOf({ model, operating_point, predictive_values }) {
  const chosen = { model: model.name };
  if (operating_point) chosen.operating_point = operating_point;
  if (predictive_values) chosen.prevalence = predictive_values.prevalence;
  return new URLSearchParams(chosen);
}
