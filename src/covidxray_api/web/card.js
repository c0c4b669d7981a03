// A film's card in the list: its picture, its state, its answer, and what can be done with it.

import { answered, summary } from "./answer.js";
import { announce, button, icon, make } from "./dom.js";
import { feedback } from "./feedback.js";
import { words } from "./language.js";
import { plate } from "./plate.js";
import { Offline } from "./request.js";
import { saveAnswer, saveReport } from "./save.js";
import { trouble, waiting, waitingIn } from "./trouble.js";
import { view } from "./viewer.js";
import { why, whyButton } from "./why.js";

const RUNNING = ["waiting", "sending", "reading", "busy"];

export function card(film, signal) {
  const id = `film-${film.number}`;
  const chip = make("span", { className: "chip" });
  const stop = button(words.cancel, () => film.cancel(), { kind: "quiet" });
  const again = button(words.askAgain, () => film.ask(), { symbol: "again", kind: "quiet" });
  const remove = button(words.remove, () => film.remove(), {
    symbol: "cross", kind: "quiet", "aria-label": `${words.remove}: ${film.name}`,
  });
  const body = make("div", { className: "said" });
  const article = make("article", { className: "card", "aria-labelledby": id },
    make("header", { className: "card-head" },
      make("h3", { id }, film.name), chip,
      make("div", { className: "row" }, again, stop, remove)),
    make("div", { className: "card-body" }, picture(film, signal), body),
  );
  const show = shower(film, body);
  const update = () => {
    article.dataset.state = film.state;
    chip.textContent = words.states[film.state];
    stop.hidden = !RUNNING.includes(film.state);
    again.hidden = film.state !== "cancelled";
    show();
  };
  film.addEventListener("state", update, { signal });
  update();
  return make("li", {}, article);
}

function picture(film, signal) {
  const { element } = plate(film, signal);
  const large = words.openLarge(film.name);
  return make("div", { className: "picture" },
    make("button", { type: "button", className: "plate-button", "aria-label": large, onclick: () => view([film], film.name) },
      element, make("span", { className: "badge", "aria-hidden": "true" }, icon("whole"), words.enlarge)),
  );
}

// Shows each state and answer once: what only ticks or grows is changed in place.
function shower(film, body) {
  let shown = null;
  let answer = null;
  let tick = null;
  return () => {
    if (film.state !== shown || film.answer !== answer) {
      shown = film.state;
      answer = film.answer;
      tick = STATES[film.state](film, body);
      if (film.state === "answered") announce(`${film.name}: ${summary(film)}`);
    }
    tick?.();
  };
}

const STATES = {
  waiting: working,
  sending: working,
  reading: working,
  busy(film, body) {
    const { element, tick } = waiting(film.error);
    body.replaceChildren(element);
    return () => tick(film.left);
  },
  problem(film, body) {
    const hint = film.error instanceof Offline ? words.comesBack : null;
    body.replaceChildren(trouble(film.error, () => film.ask(), hint));
  },
  cancelled(film, body) {
    body.replaceChildren(make("p", { className: "hint" }, words.cancelledHint));
  },
  refused: said,
  answered: said,
};

function working(film, body) {
  const bar = make("progress", { max: 1, "aria-label": words.progress(film.name) });
  body.replaceChildren(make("p", { className: "working" }, words.states[film.state]), bar);
  return () => {
    if (film.state === "sending") bar.value = film.sent;
  };
}

function said(film, body) {
  const region = make("div", {});
  const actions = make("div", { className: "row actions" },
    film.answer.rejected ? null : whyButton(why(film, region)),
    report(film, region),
    button(words.saveJson, () => saveAnswer(film), { symbol: "save" }),
  );
  body.replaceChildren(answered(film), actions, region, feedback(film));
}

function report(film, region) {
  const ask = async () => {
    if (element.ariaDisabled === "true") return;
    const wait = waitingIn(region);
    // Not `disabled`, which would take the focus away.
    element.ariaDisabled = "true";
    announce(words.makingReport);
    try {
      await saveReport(film, wait.tell);
      wait.end();
      announce(words.reportSaved);
    } catch (error) {
      region.replaceChildren(trouble(error, ask));
    } finally {
      element.ariaDisabled = "false";
    }
  };
  const element = button(words.saveReport, ask, { symbol: "report" });
  return element;
}
