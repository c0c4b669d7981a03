// The page: what is on it when it opens, and the list of films.

import { card } from "./card.js";
import { offer } from "./compare.js";
import { announce } from "./dom.js";
import { Film } from "./film.js";
import { takeIn } from "./intake.js";
import { apply, language, speak, words } from "./language.js";
import { showOptions } from "./options.js";
import { Offline, Problem } from "./request.js";

const list = document.querySelector("#list");
const section = document.querySelector("#films");
let films = [];
let count = 0;
let cards = new AbortController();

function add(files) {
  const added = files.map((file) => new Film(file, (count += 1)));
  films.push(...added);
  list.append(...added.map((film) => card(film, cards.signal)));
  for (const film of added) {
    film.addEventListener("removed", () => removed(film));
    film.ask();
  }
  // After all requests: the answer is what is waited for.
  for (const film of added) film.draw();
  listed();
  if (added.length) list.children[films.length - added.length].scrollIntoView({ block: "nearest" });
}

function listed() {
  section.dataset.films = films.length;
  offer(films);
}

function removed(film) {
  const place = films.indexOf(film);
  films = films.filter((other) => other !== film);
  list.children[place].remove();
  listed();
  announce(words.removed(film.name));
  // Whoever works by keyboard goes on where the film was.
  const next = list.children[Math.min(place, films.length - 1)];
  (next?.querySelector(".plate-button") ?? document.querySelector("#choose")).focus();
}

function askAllAgain() {
  for (const film of films) film.ask();
}

function decideAllAgain() {
  for (const film of films) film.decide();
}

// The words of answers are the service's, so that another language asks again.
function spoken() {
  cards.abort();
  cards = new AbortController();
  list.replaceChildren(...films.map((film) => card(film, cards.signal)));
  begin();
  askAllAgain();
}

function begin() {
  showOptions(askAllAgain, decideAllAgain).catch((error) => {
    // Without the choices, films are read as the service does by default; each film says what failed.
    if (!(error instanceof Offline || error instanceof Problem)) throw error;
  });
}

for (const choice of document.querySelectorAll("[data-language]")) {
  choice.addEventListener("click", async () => {
    if (choice.dataset.language === language) return;
    await speak(choice.dataset.language);
    spoken();
  });
}
document.querySelector("#print").addEventListener("click", () => print());
document.querySelector("#clear").addEventListener("click", () => {
  for (const film of [...films]) film.remove();
});
addEventListener("online", () => {
  begin();
  for (const film of films) if (film.error instanceof Offline && film.state === "problem") film.ask();
});

apply();
takeIn(add);
begin();
