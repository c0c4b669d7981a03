// The page: what is on it when it opens, and the list of radiographs.

import { cards } from "./cards.js";
import { offer } from "./compare.js";
import { announce } from "./dom.js";
import { takeIn } from "./intake.js";
import { apply, language, speak, words } from "./language.js";
import { showOptions } from "./options.js";
import { Radiograph } from "./radiograph.js";
import { back } from "./recovery.js";
import { Failure, unreachable } from "./request.js";
import { inArchive, inDocument, saveReports, saveTable } from "./save.js";
import { showHospital } from "./settings.js";
import { undo } from "./undo.js";
import { worklist } from "./worklist.js";

// As many are opened at once; of more there is the table.
const OPENED_AT_ONCE = 3;

const NARROW = matchMedia("(max-width: 61.99rem)");

const section = document.querySelector("#radiographs");
let radiographs = [];
let count = 0;
const shown = cards(document.querySelector("#list"), {
  remove: (radiograph) => removed([radiograph]),
  order: () => table.order(),
  closed: (radiograph) => table.focus(radiograph),
});
const table = worklist(document.querySelector("#worklist"), { open: (radiograph) => shown.openAlone(radiograph) });

function add(files) {
  if (!files.length) return;
  const added = files.map((file) => new Radiograph(file, (count += 1)));
  for (const radiograph of added) radiograph.addEventListener("reference", () => offer(radiographs));
  undo.forget();
  include(added);
  for (const radiograph of added) radiograph.ask();
  // After all requests: the answer is what is waited for.
  if (radiographs.length <= OPENED_AT_ONCE) for (const radiograph of added) shown.open(radiograph);
  if (!added[0].open) table.element.scrollIntoView({ block: "nearest" });
  // Where the list is under the intake, the answer is to be in the first screen.
  else shown.prepare(added[0]).scrollIntoView({ block: NARROW.matches ? "start" : "nearest" });
}

function include(added) {
  radiographs = [...radiographs, ...added].sort((one, other) => one.number - other.number);
  listed();
}

function listed() {
  section.dataset.count = radiographs.length;
  table.list(radiographs);
  offer(radiographs);
}

function removed(gone) {
  const place = radiographs.indexOf(gone[0]);
  radiographs = radiographs.filter((radiograph) => !gone.includes(radiograph));
  for (const radiograph of gone) radiograph.leave();
  shown.take(gone);
  listed();
  const said = gone.length === 1 ? words.removed(gone[0].name) : words.removedAll(gone.length);
  undo.offer(said, {
    bring() {
      include(gone);
      for (const radiograph of gone) radiograph.comeBack();
      for (const radiograph of gone) if (radiograph.open) shown.open(radiograph);
      announce(words.broughtBack);
      table.focus(gone[0]) || shown.focus(gone[0]);
    },
    forget() {
      for (const radiograph of gone) radiograph.forget();
    },
  });
  announce(said);
  // Whoever works by keyboard goes on where the radiograph was.
  const next = radiographs[Math.min(place, radiographs.length - 1)];
  if (!next || !(shown.focus(next) || table.focus(next))) document.querySelector("#choose").focus();
}

function askAllAgain() {
  for (const radiograph of radiographs) radiograph.ask();
}

function decideAllAgain() {
  for (const radiograph of radiographs) radiograph.decide();
}

// The words of answers are the service's, so that another language asks again.
function spoken() {
  shown.speak();
  table.speak();
  undo.forget();
  listed();
  begin();
  askAllAgain();
}

function begin() {
  showHospital();
  showOptions({ onquery: askAllAgain, onpoint: decideAllAgain }).catch((error) => {
    // Without the choices, radiographs are read as the service does by default.
    if (!(error instanceof Failure)) throw error;
    if (unreachable(error) || error.status === 503) back(new AbortController().signal).then(begin);
  });
}

async function toPaper() {
  await Promise.all(radiographs.filter(({ answer }) => answer).map((radiograph) => radiograph.draw()));
  print();
}

for (const choice of document.querySelectorAll("[data-language]")) {
  choice.addEventListener("click", async () => {
    if (choice.dataset.language === language) return;
    await speak(choice.dataset.language);
    spoken();
  });
}
const answered = () => radiographs.filter(({ answer }) => answer);
document.querySelector("#print").addEventListener("click", toPaper);
document.querySelector("#save-table").addEventListener("click", () => saveTable(answered()));
for (const [name, saved] of [["#save-reports", inArchive], ["#save-document", inDocument]]) {
  document.querySelector(name).addEventListener("click", ({ currentTarget }) => saveReports(answered(), currentTarget, saved));
}
document.querySelector("#clear").addEventListener("click", () => removed([...radiographs]));
addEventListener("beforeprint", () => {
  for (const radiograph of answered()) shown.prepare(radiograph);
});
addEventListener("afterprint", () => {
  for (const radiograph of answered()) radiograph.keep();
});
addEventListener("beforeunload", (event) => {
  if (answered().some(({ kept }) => !kept)) event.preventDefault();
});

apply();
takeIn(add);
begin();
