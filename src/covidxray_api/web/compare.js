// Chooses two films of the list, to see them beside each other.

import { make } from "./dom.js";
import { words } from "./language.js";
import { view } from "./viewer.js";

const form = document.querySelector("#compare");
const [first, second] = form.querySelectorAll("select");

let films = [];

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = [first, second].map(({ value }) => films[value]);
  view(chosen, words.compareTitle);
});

// Offers the films that there are, keeping what was chosen as far as it is still there.
export function offer(list) {
  const before = [films[first.value], films[second.value]];
  films = list;
  form.hidden = films.length < 2;
  [first, second].forEach((field, which) => {
    field.replaceChildren(...films.map(({ name }, index) => make("option", { value: index }, name)));
    const kept = films.indexOf(before[which]);
    field.value = kept < 0 ? Math.min(which, films.length - 1) : kept;
  });
}
