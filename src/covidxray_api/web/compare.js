// Chooses two radiographs of the list, to see them beside each other.

import { make } from "./dom.js";
import { view } from "./viewer.js";

const form = document.querySelector("#compare");
const [first, second] = form.querySelectorAll("select");

let radiographs = [];

form.addEventListener("submit", (event) => {
  event.preventDefault();
  view([first, second].map(({ value }) => radiographs[value]));
});

// Offers what there is, keeping what was chosen as far as it is still there; at first two different ones.
export function offer(list) {
  const before = [radiographs[first.value], radiographs[second.value]];
  radiographs = list;
  form.hidden = list.length < 2;
  [first, second].forEach((field) =>
    field.replaceChildren(...list.map(({ name }, index) => make("option", { value: index }, name))),
  );
  const [one, other] = before.map((radiograph) => list.indexOf(radiograph));
  const free = (taken) => (taken === 0 ? 1 : 0);
  const previous = one >= 0 ? one : free(other);
  first.value = previous;
  second.value = other >= 0 ? other : previous + 1 < list.length ? previous + 1 : free(previous);
}
