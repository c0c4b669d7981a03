// What went wrong, in plain words.

import { button, make } from "./dom.js";
import { language, number, words } from "./language.js";
import { Problem, unreachable, Unsent } from "./request.js";

export function inWords(error) {
  if (unreachable(error)) return words.offline;
  if (error instanceof Problem) return words.problems[error.slug] ?? words.unknownProblem(error.status);
  return error instanceof Unsent ? words.problems[error.slug] : words.pageFailed;
}

// Shows in a region that the service is busy, with a countdown, or lost: `tells` is for `inTurn`.
export function waitingIn(region) {
  let shown = null;
  let tick = null;
  const show = (element) => {
    if (shown?.isConnected) shown.replaceWith(element);
    else region.replaceChildren(element);
    shown = element;
  };
  return {
    tells: {
      onbusy(error, left) {
        if (!tick) {
          const wait = waiting(error);
          show(wait.element);
          ({ tick } = wait);
        }
        tick(left);
      },
      onlost(error) {
        tick = null;
        show(trouble(error, null, words.comesBack));
      },
    },
    end: () => shown?.remove(),
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
    error.facts?.most ? make("p", {}, words.sizes(megabytes(error.facts.size), megabytes(error.facts.most))) : null,
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

function megabytes(bytes) {
  return number(bytes / 2 ** 20, { maximumFractionDigits: 1 });
}
