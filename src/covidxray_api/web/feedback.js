// What the doctor thinks of an answer. What is typed stays, whatever happens to the answer, until it is sent.

import { labelled, make } from "./dom.js";
import { headlines } from "./models.js";
import { words } from "./language.js";
import { post } from "./request.js";
import { trouble } from "./trouble.js";

const OPINIONS = ["agree", "disagree", "not_sure"];
const LONGEST = 2000;

export function feedback(radiograph) {
  const { answer, draft } = radiograph;
  const details = make("details", {
    className: "feedback", open: draft.open ?? false,
    ontoggle: () => (draft.open = details.open),
  }, make("summary", {}, words.feedback));
  details.append(draft.sent === judged(answer) ? thanks() : form(radiograph));
  return details;
}

// An opinion is of what a model said, at whatever operating point or in whatever language.
function judged({ model, predicted_label }) {
  return [model.sha256, predicted_label].join("|");
}

function thanks() {
  return make("p", { className: "thanks", tabIndex: -1, role: "status" }, words.thanks);
}

function form(radiograph) {
  const { answer, model, draft } = radiograph;
  const label = make("select", { onchange: () => (draft.label = label.value) },
    make("option", { value: "" }, words.noLabel),
    Object.entries(headlines(model))
      .filter(([code]) => code !== answer.predicted_label)
      .map(([code, name]) => make("option", { value: code, selected: code === draft.label }, name)),
  );
  const corrected = make("div", { className: "field", hidden: draft.opinion !== "disagree" }, labelled(words.corrected, label));
  const comment = make("textarea", {
    maxLength: LONGEST, rows: 3, value: draft.comment ?? "", oninput: () => (draft.comment = comment.value),
  });
  const outcome = make("div", {});
  const choose = (opinion) => {
    draft.opinion = opinion;
    corrected.hidden = opinion !== "disagree";
  };
  const element = make("form", { className: "feedback-form" },
    opinions(draft.opinion, choose),
    corrected,
    make("div", { className: "field" }, labelled(words.comment, comment),
      make("p", { className: "hint" }, words.noNames)),
    make("button", { type: "submit", className: "button primary" }, words.send),
    outcome,
  );
  let sending = false;
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    const { opinion } = draft;
    const said = {
      request_id: answer.request_id,
      model: { name: answer.model.name, version: answer.model.version },
      predicted_label: answer.predicted_label,
      opinion,
      corrected_label: (opinion === "disagree" && label.value) || null,
      comment: comment.value.trim() || null,
    };
    try {
      await sent(said);
      Object.assign(draft, { opinion: null, label: null, comment: null, sent: judged(answer) });
      const gratitude = thanks();
      element.replaceWith(gratitude);
      gratitude.focus();
    } catch (error) {
      outcome.replaceChildren(trouble(error));
      sending = false;
    }
  });
  return element;
}

function opinions(chosen, choose) {
  return make("fieldset", {},
    make("legend", {}, words.doYouAgree),
    make("div", { className: "choices" },
      OPINIONS.map((opinion) =>
        make("label", { className: "choice" },
          make("input", {
            type: "radio", name: "opinion", value: opinion, required: true, checked: opinion === chosen,
            onchange: () => choose(opinion),
          }),
          make("span", {}, words.opinions[opinion]),
        ),
      ),
    ),
  );
}

function sent(said) {
  const { signal } = new AbortController();
  const body = JSON.stringify(said);
  return post("feedback", body, { signal, type: "application/json" });
}
