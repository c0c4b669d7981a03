// The studies that came as DICOM and are to be read: what is urgent first, as the service sorts them.

import { announce, button, make } from "./dom.js";
import { apply, language, moment, speak, words } from "./language.js";
import { ask, Failure } from "./request.js";
import { showHospital } from "./settings.js";
import { openStudy } from "./study.js";
import { trouble } from "./trouble.js";

const REFRESH_MS = 30_000;
// How much a priority stands out, as in the table of the other page.
const RANKS = { certain_covid_19: 0, uncertain_answer: 1, other_pneumonia: 2, not_assessed: 3, no_sign: 6 };

const [body, count, fault, none, table, notice] = ["#studies-table tbody", "#studies-count", "#studies-fault",
  "#studies-none", "#studies-table", "#studies-notice"].map((place) => document.querySelector(place));
let drawn = null;

async function refresh() {
  try {
    show(await ask("GET", "worklist"));
    fault.replaceChildren();
  } catch (error) {
    told(error, refresh, drawn ? words.listNotCurrent : null);
  }
}

function told(error, again, hint) {
  fault.replaceChildren(trouble(error, again, hint));
  if (!(error instanceof Failure)) throw error;
}

// Nothing moves under who is reading while nothing has changed.
function show(list) {
  const wanted = JSON.stringify([language, list]);
  if (wanted === drawn) return;
  drawn = wanted;
  const { studies } = list;
  const focused = document.activeElement?.dataset.of;
  body.replaceChildren(...studies.map(row));
  if (focused) body.querySelector(`[data-of="${focused}"]`)?.focus({ preventScroll: true });
  count.textContent = words.toRead(studies.filter(({ read_at: read }) => !read).length, studies.length);
  notice.textContent = list.notice;
  table.hidden = !studies.length;
  none.hidden = Boolean(studies.length);
}

function row(study) {
  const { study_instance_uid: uid, priority, films, received_at: received, read_at: read } = study;
  const opener = make("button", { type: "button", className: "opener", onclick: () => open(study) },
    make("span", { className: "outcome" }, priority.message), make("span", { className: "unseen" }, ` ${words.study} ${uid}`));
  opener.dataset.of = `open ${uid}`;
  const act = read ? words.markUnread : words.markRead;
  const mark = button(act, () => marked(study).catch(told), { kind: "quiet", "aria-label": words.ofStudy(act, uid) });
  mark.dataset.of = `mark ${uid}`;
  const onclick = ({ target }) => target.closest("button") ?? open(study);
  const line = make("tr", { className: read ? "read" : "", onclick },
    make("th", { scope: "row" }, opener),
    make("td", { className: "study" }, uid),
    make("td", { className: "films" }, String(films)),
    make("td", { className: "received" }, moment(new Date(received))),
    make("td", {}, make("div", { className: "row" },
      make("span", {}, read ? words.readAt(moment(new Date(read))) : words.unread), mark)));
  line.dataset.rank = RANKS[priority.code] ?? 3;
  return line;
}

async function marked(study) {
  const { study_instance_uid: uid, read_at: read } = study;
  await ask(read ? "DELETE" : "POST", `worklist/${uid}/read`);
  announce(words.ofStudy(read ? words.unread : words.markRead, uid));
  await refresh();
  body.querySelector(`[data-of="mark ${uid}"]`)?.focus({ preventScroll: true });
}

function open(study) {
  openStudy(study, {
    mark: () => marked(study),
    closed: () => body.querySelector(`[data-of="open ${study.study_instance_uid}"]`)?.focus(),
  });
}

// Arrows lead from study to study.
body.addEventListener("keydown", (event) => {
  const openers = [...body.querySelectorAll(".opener")];
  const from = openers.indexOf(document.activeElement);
  const next = openers[{ ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: openers.length - 1 }[event.key]];
  if (from < 0 || !next) return;
  event.preventDefault();
  next.focus();
});

for (const choice of document.querySelectorAll("[data-language]")) {
  choice.addEventListener("click", async () => {
    await speak(choice.dataset.language);
    refresh();
  });
}
document.querySelector("#refresh").addEventListener("click", refresh);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
setInterval(() => document.hidden || refresh(), REFRESH_MS);

apply();
showHospital();
refresh();
