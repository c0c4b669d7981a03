// What the service says of a film, in words and bars.

import { bars } from "./bars.js";
import { make } from "./dom.js";
import { listed, number, percent, words } from "./language.js";
import { displayNames } from "./models.js";
import { pointName } from "./options.js";

export function answered(film) {
  const { answer, model } = film;
  return make("div", { className: "answer" },
    answer.rejected ? refusal(answer) : diagnosis(answer, model),
    notes([...answer.consistency.findings.filter(({ action }) => action !== "refused"), ...answer.warnings]),
    make("p", { className: "notice" }, answer.notice),
    facts(answer),
  );
}

// The answer in a line, for what is announced and for the viewer.
export function summary({ answer }) {
  if (answer.rejected) return answer.rejection.message;
  const share = percent(answer.probabilities[answer.predicted_label]);
  const doubt = answer.uncertain ? ` · ${words.uncertain}` : "";
  return `${answer.display_label}, ${share}${doubt}`;
}

export function diagnosis(answer, model) {
  const names = displayNames(model);
  const point = answer.operating_point;
  const thresholds = model.operating_points[point]?.threshold;
  return [
    make("h4", { className: "verdict" }, answer.display_label),
    answer.uncertain ? doubt(answer, names) : make("p", { className: "set" }, words.noOther),
    bars(answer, names, thresholds),
    thresholds ? make("p", { className: "hint" }, words.markMeans(pointName(point))) : null,
  ];
}

function doubt({ prediction_set }, names) {
  const plausible = prediction_set.map((label) => names[label] ?? label);
  return make("div", { className: "box doubt" },
    make("strong", {}, words.uncertain),
    make("p", {}, plausible.length ? words.stillPlausible(listed(plausible, "disjunction")) : words.nonePlausible),
  );
}

function refusal({ rejection, consistency }) {
  const reasons = consistency.findings.filter(({ action }) => action === "refused");
  const { score, least_score, ssim, threshold } = consistency;
  const unlike =
    score === null
      ? words.unlikeBySimilarity(decimal(ssim), decimal(threshold))
      : words.unlike(percent(score), percent(least_score));
  return make("div", { className: "box refusal", role: "alert" },
    make("h4", {}, rejection.message),
    reasons.map(({ message }) => make("p", {}, message)),
    consistency.consistent ? null : make("p", {}, unlike),
    make("p", {}, words.sendFrontal),
  );
}

function notes(said) {
  if (!said.length) return null;
  return make("ul", { className: "notes" },
    said.map(({ message, action }) =>
      make("li", {}, make("strong", {}, words.actions[action] ?? words.actions.warned), " ", message),
    ),
  );
}

function facts(answer) {
  const { score, ssim } = answer.consistency;
  const similarity = score === null ? decimal(ssim) : percent(score);
  return make("dl", { className: "facts" },
    fact(words.model, `${answer.model.name} ${answer.model.version}`),
    fact(words.likeAChest, similarity),
    fact(words.request, answer.request_id),
  );
}

function fact(name, value) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, value));
}

function decimal(value) {
  return number(value, { maximumFractionDigits: 2 });
}
