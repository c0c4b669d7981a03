// What the doctor thinks of an answer.

import { button, labelled, make } from "./dom.js";
import { displayNames } from "./models.js";
import { words } from "./language.js";
import { post } from "./request.js";
import { trouble } from "./trouble.js";

const OPINIONS = ["agree", "disagree", "not_sure"];
const LONGEST = 2000;

export function feedback(film) {
  const { answer, model } = film;
  const label = make("select", {},
    make("option", { value: "" }, words.noLabel),
    Object.entries(displayNames(model))
      .filter(([code]) => code !== answer.predicted_label)
      .map(([code, name]) => make("option", { value: code }, name)),
  );
  const corrected = make("div", { className: "field", hidden: true }, labelled(words.corrected, label));
  const comment = make("textarea", { maxLength: LONGEST, rows: 3 });
  const outcome = make("div", {});
  const form = make("form", { className: "feedback-form" },
    opinions((opinion) => (corrected.hidden = opinion !== "disagree")),
    corrected,
    make("div", { className: "field" }, labelled(words.comment, comment),
      make("p", { className: "hint" }, words.noNames)),
    make("button", { type: "submit", className: "button primary" }, words.send),
    outcome,
  );
  let sending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    const opinion = new FormData(form).get("opinion");
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
      const thanks = make("p", { className: "thanks", tabIndex: -1, role: "status" }, words.thanks);
      form.replaceWith(thanks);
      thanks.focus();
    } catch (error) {
      outcome.replaceChildren(trouble(error));
      sending = false;
    }
  });
  return make("details", { className: "feedback" }, make("summary", {}, words.feedback), form);
}

function opinions(choose) {
  return make("fieldset", {},
    make("legend", {}, words.doYouAgree),
    make("div", { className: "choices" },
      OPINIONS.map((opinion) =>
        make("label", { className: "choice" },
          make("input", { type: "radio", name: "opinion", value: opinion, required: true, onchange: () => choose(opinion) }),
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
