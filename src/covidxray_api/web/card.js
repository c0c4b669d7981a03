// A radiograph's card: its picture, its state, its answer, and what can be done with it.

import { answered } from "./answer.js";
import { announce, button, icon, labelled, make } from "./dom.js";
import { feedback } from "./feedback.js";
import { moment, words } from "./language.js";
import { plate } from "./plate.js";
import { saveAnswer, saveReport } from "./save.js";
import { trouble, waiting, waitingIn } from "./trouble.js";
import { view } from "./viewer.js";
import { explained, why, whyButton } from "./why.js";

// What the service takes as `X-Reference`: printable ASCII.
const REFERENCE = { maxLength: 64, pattern: "[ -~]*" };

export function card(radiograph, signal, { remove, close, order }) {
  const id = `radiograph-${radiograph.number}`;
  const chip = make("span", { className: "chip" });
  const title = make("h3", { id, tabIndex: -1 });
  const stop = button(words.cancel, () => radiograph.cancel(), { kind: "quiet" });
  const again = button(words.askAgain, () => radiograph.ask({ urgent: true }), { symbol: "again", kind: "quiet" });
  const closer = button(words.closeCard, () => close(radiograph), { kind: "quiet closer" });
  const remover = button(words.remove, () => remove(radiograph), { symbol: "cross", kind: "quiet" });
  const large = make("button", { type: "button", className: "plate-button", onclick: () => view([radiograph], order()) },
    plate(radiograph, signal).element,
    make("span", { className: "badge", "aria-hidden": "true" }, icon("whole"), words.enlarge));
  const news = make("div", { className: "news" });
  const body = make("div", { className: "said" });
  const date = make("span", {});
  const article = make("article", { className: "card", "aria-labelledby": id },
    make("p", { className: "on-paper" }, make("span", {}, words.title), date, make("span", {}, words.patientLine)),
    make("header", { className: "card-head" }, title, chip, make("div", { className: "row" }, again, stop, closer, remover)),
    make("div", { className: "card-body" },
      make("div", { className: "picture" }, large),
      make("div", { className: "said" }, news, body)),
  );
  const showName = () => {
    title.textContent = radiograph.name;
    large.ariaLabel = words.openLarge(radiograph.name);
    remover.ariaLabel = `${words.remove}: ${radiograph.name}`;
  };
  const named = reference(radiograph);
  const show = shower(radiograph, news, body, () => said(radiograph, named, signal));
  const update = () => {
    article.dataset.state = radiograph.state;
    chip.textContent = words.states[radiograph.state];
    stop.hidden = !radiograph.running;
    again.hidden = radiograph.state !== "cancelled";
    date.textContent = radiograph.answeredAt ? moment(radiograph.answeredAt) : "";
    show();
  };
  radiograph.addEventListener("state", update, { signal });
  radiograph.addEventListener("reference", showName, { signal });
  showName();
  update();
  return article;
}

function reference(radiograph) {
  const fault = make("p", { className: "fault", role: "status" });
  const field = make("input", {
    ...REFERENCE, type: "text", value: radiograph.reference, autocomplete: "off",
    onchange() {
      const { valid } = field.validity;
      field.ariaInvalid = String(!valid);
      fault.textContent = valid ? "" : words.referenceFault;
      if (valid) radiograph.refer(field.value.trim());
    },
  });
  return make("div", { className: "field reference" }, labelled(words.reference, field), fault,
    make("p", { className: "hint" }, words.referenceHint));
}

// Shows each state and answer once: what only ticks or grows is changed in place.
function shower(radiograph, news, body, made) {
  let shown = null;
  let answer = null;
  let tick = null;
  return () => {
    if (radiograph.answer !== answer) {
      answer = radiograph.answer;
      body.replaceChildren(...made());
    }
    if (radiograph.state !== shown) {
      shown = radiograph.state;
      tick = NEWS[shown](radiograph, news);
    }
    tick?.();
  };
}

const NEWS = {
  waiting: working,
  sending: working,
  reading: working,
  busy(radiograph, news) {
    const { element, tick } = waiting(radiograph.error);
    news.replaceChildren(element);
    return () => tick(radiograph.left);
  },
  lost(radiograph, news) {
    news.replaceChildren(trouble(radiograph.error, () => radiograph.ask({ urgent: true }), words.comesBack));
  },
  problem(radiograph, news) {
    news.replaceChildren(trouble(radiograph.error, () => radiograph.ask({ urgent: true })));
  },
  cancelled(radiograph, news) {
    news.replaceChildren(make("p", { className: "hint" }, words.cancelledHint));
  },
  refused: nothing,
  answered: nothing,
};

function nothing(radiograph, news) {
  news.replaceChildren();
}

function working(radiograph, news) {
  const bar = make("progress", { max: 1, "aria-label": words.progress(radiograph.name) });
  news.replaceChildren(make("p", { className: "working" }, words.states[radiograph.state]), bar);
  return () => {
    if (radiograph.state === "sending") bar.value = radiograph.sent;
  };
}

function said(radiograph, named, signal) {
  const { answer } = radiograph;
  if (!answer) return [];
  const region = make("div", { className: "region" });
  const ask = why(radiograph, region, signal);
  const actions = make("div", { className: "row actions" },
    answer.rejected ? null : whyButton(ask),
    report(radiograph, region),
    button(words.saveJson, () => saveAnswer(radiograph), { symbol: "save" }),
  );
  if (radiograph.explanation) region.append(explained(radiograph, signal));
  else if (radiograph.whyWanted) ask();
  return [answered(radiograph), named, actions, region, feedback(radiograph)];
}

function report(radiograph, region) {
  const ask = async () => {
    if (element.ariaDisabled === "true") return;
    const wait = waitingIn(region);
    // Not `disabled`, which would take the focus away.
    element.ariaDisabled = "true";
    announce(words.makingReport);
    try {
      await saveReport(radiograph, wait.tells);
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
