// What went wrong, in plain words.

import { button, make } from "./dom.js";
import { language, words } from "./language.js";
import { Offline, Problem } from "./request.js";

export function inWords(error) {
  if (error instanceof Offline) return words.offline;
  if (!(error instanceof Problem)) return words.pageFailed;
  return words.problems[error.slug] ?? words.unknownProblem(error.status);
}

// Shows a countdown in a region once the service turns out to be busy: `tell` it the seconds left.
export function waitingIn(region) {
  let wait = null;
  return {
    tell(error, left) {
      if (!wait) region.replaceChildren((wait = waiting(error)).element);
      wait.tick(left);
    },
    end: () => wait?.element.remove(),
  };
}

// Waits for a busy service: the seconds tick for the eye only, a screen reader hears the sentence once.
export function waiting(error) {
  const seconds = make("strong", { className: "seconds" });
  const element = make("div", { className: "box doubt" },
    make("p", { role: "alert" }, inWords(error), " ", words.againByItself),
    make("p", { "aria-hidden": "true" }, words.againIn, " ", seconds),
  );
  return { element, tick: (left) => (seconds.textContent = `${left} s`) };
}

export function trouble(error, again, hint) {
  return make("div", { className: "box refusal" },
    make("p", { role: "alert" }, make("strong", {}, inWords(error))),
    error instanceof Problem ? detail(error.said) : null,
    hint ? make("p", {}, hint) : null,
    again ? button(words.tryAgain, again, { symbol: "again" }) : null,
  );
}

// The service explains problems in English.
function detail({ detail: said, request_id: name }) {
  return [
    said && language === "en" ? make("p", {}, said) : null,
    name ? make("p", { className: "hint" }, `${words.request}: ${name}`) : null,
  ];
}
