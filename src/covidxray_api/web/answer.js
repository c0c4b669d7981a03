// What the service says of a radiograph, in words and bars.

import { bars } from "./bars.js";
import { button, announce, make } from "./dom.js";
import { number, percent, words } from "./language.js";
import { shortNames } from "./models.js";
import { pointName } from "./options.js";

export function answered(radiograph) {
  const { answer, model } = radiograph;
  return make("div", { className: "answer" },
    answer.rejected ? refusal(answer) : diagnosis(answer, model),
    remarks(answer),
    answer.figures.map(({ message }) => make("p", { className: "hint expected" }, message)),
    reportText(radiograph),
    make("p", { className: "notice" }, answer.notice),
    facts(answer),
  );
}

export function diagnosis(answer, model) {
  return [
    make("div", { className: answer.conclusive ? "headline" : "headline doubt" },
      make("h4", { className: "verdict" }, answer.headline),
      answer.conclusive ? null : candidates(answer),
      limits(answer)),
    bars(answer, shortNames(model)),
    make("p", { className: "hint" }, words.lineMeans(answer.operating_point && pointName(answer.operating_point))),
    answer.predictive_values ? make("p", { className: "predictive" }, answer.predictive_values.message) : null,
  ];
}

function candidates({ candidates, probabilities }) {
  return make("div", { className: "candidates" },
    make("p", {}, words.mostProbable),
    make("ul", {}, candidates.map(({ code, display }) => make("li", {}, `${display} (${percent(probabilities[code])})`))));
}

function limits({ limits }) {
  return limits.map(({ message }) => make("p", { className: "limit" }, message));
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

// What was corrected before the image was read, and what else its sender should know.
export function remarks({ consistency, warnings }) {
  const said = [...consistency.findings.filter(({ action }) => action !== "refused"), ...warnings];
  if (!said.length) return null;
  return make("ul", { className: "notes" },
    said.map(({ message, action }) =>
      make("li", {}, make("strong", {}, words.actions[action] ?? words.actions.warned), " ", message),
    ),
  );
}

function reportText(radiograph) {
  const { statement } = radiograph.answer;
  const copy = async () => {
    await navigator.clipboard.writeText(statement);
    radiograph.keep();
    announce(words.copied);
    copier.lastChild.textContent = words.copied;
  };
  // Browsers lend the clipboard to secure pages only; elsewhere the text can still be selected.
  const copier = navigator.clipboard ? button(words.copy, copy, { symbol: "copy" }) : null;
  return make("div", { className: "report-text" }, make("p", { className: "statement" }, statement), copier);
}

function facts({ consistency, model, site, request_id }) {
  const { score, ssim, gate } = consistency;
  const named = [`${model.name} ${model.version}`, words.engine(model.engine), gate ? words.gate(gate) : words.noGate];
  return make("dl", { className: "facts" },
    fact(words.model, named.join(" · ")),
    fact("SHA-256", model.sha256),
    site && fact(words.site, words.siteNamed(site.name, number(site.radiographs), site.labelled && number(site.labelled), site.p_value === null ? null : percent(site.p_value))),
    fact(words.likeAChest, score === null ? decimal(ssim) : percent(score)),
    fact(words.request, request_id),
  );
}

function fact(name, value) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, value));
}

function decimal(value) {
  return number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
