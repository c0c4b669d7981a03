// Chooses two radiographs of the list, to see them beside each other.

import { make } from "./dom.js";
import { view } from "./viewer.js";

const form = document.querySelector("#compare");
const [first, second] = form.querySelectorAll("select");

let radiographs = []; // what is offered
let wanted = []; // what is to be offered from the next frame on
let due = false;
let byHand = false;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  view([first, second].map(({ value }) => radiographs[value]));
});
form.addEventListener("change", () => (byHand = true));

// Offers what there is, keeping what was chosen by hand as far as it is still there. Many may be named
// and dated at once: what happens in one frame is drawn in one go.
export function offer(list) {
  wanted = list;
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    draw(wanted);
  });
}

function draw(list) {
  const before = [radiographs[first.value], radiographs[second.value]];
  radiographs = list;
  form.hidden = list.length < 2;
  if (form.hidden) byHand = false;
  [first, second].forEach((field) =>
    field.replaceChildren(...list.map(({ dated }, index) => make("option", { value: index }, dated))),
  );
  const [one, other] = (byHand ? before : lastTwo(list)).map((radiograph) => list.indexOf(radiograph));
  const free = (taken) => (taken === 0 ? 1 : 0);
  const previous = one >= 0 ? one : free(other);
  first.value = previous;
  second.value = other >= 0 ? other : previous + 1 < list.length ? previous + 1 : free(previous);
}

// The two that were taken last, where files say when; else the first two of the list.
function lastTwo(list) {
  const known = list.filter(({ taken }) => taken);
  if (known.length < 2) return list.slice(0, 2);
  return known.sort((one, other) => Number(one.taken) - Number(other.taken)).slice(-2);
}
