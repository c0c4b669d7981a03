// What the service says of a film, in words and bars.

import { bars } from "./bars.js";
import { make } from "./dom.js";
import { listed, number, percent, probability, words } from "./language.js";
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
  const share = probability(answer.probabilities[answer.predicted_label]);
  const doubt = answer.uncertain ? ` · ${words.uncertain}` : "";
  return `${answer.display_label}, ${share}${doubt}`;
}

export function diagnosis(answer, model) {
  const names = displayNames(model);
  return [
    make("h4", { className: "verdict" }, answer.display_label),
    answer.uncertain ? doubt(answer, names) : make("p", { className: "set" }, alone(model)),
    bars(answer, names),
    make("p", { className: "hint" }, words.lineMeans(answer.operating_point && pointName(answer.operating_point))),
  ];
}

function alone({ coverage }) {
  return coverage === null ? words.aloneUnmeasured : words.alone(percent(coverage));
}

function doubt({ prediction_set }, names) {
  const named = prediction_set.map((label) => names[label] ?? label);
  return make("div", { className: "box doubt" },
    make("strong", {}, words.uncertain),
    make("p", {}, words.severalNamed(listed(named, "conjunction"))),
  );
}

function refusal({ rejection, consistency }) {
  const reasons = consistency.findings.filter(({ action }) => action === "refused");
  const { score, least_score, ssim, threshold } = consistency;
  const unlike =
    score === null
      ? words.unlikeBySimilarity(decimal(ssim), decimal(threshold))
      : words.unlike(probability(score), percent(least_score));
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

function facts({ consistency, model, site, request_id }) {
  const { score, ssim, gate } = consistency;
  const named = [`${model.name} ${model.version}`, words.engine(model.engine), gate ? words.gate(gate) : words.noGate];
  return make("dl", { className: "facts" },
    fact(words.model, named.join(" · ")),
    fact("SHA-256", model.sha256),
    site && fact(words.site, words.siteNamed(site.name, number(site.radiographs), site.p_value === null ? null : probability(site.p_value))),
    fact(words.likeAChest, score === null ? decimal(ssim) : probability(score)),
    fact(words.request, request_id),
  );
}

function fact(name, value) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, value));
}

function decimal(value) {
  return number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
