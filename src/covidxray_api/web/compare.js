// Chooses two radiographs of the list, to see them beside each other.

import { make, makeSome } from "./dom.js";
import { view } from "./viewer.js";

const form = document.querySelector("#compare");
const [first, second] = form.querySelectorAll("select");

let radiographs = []; // what is to be offered
const offered = new Map(); // radiographs that are, each with its options in both fields
let due = false;
let byHand = false;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  view([chosenIn(first), chosenIn(second)]);
});
form.addEventListener("change", () => (byHand = true));

// Offers what there is, keeping what was chosen by hand as far as it is still there. Many may be named
// and dated at once: what happens in one frame is drawn in one go.
export function offer(list) {
  radiographs = list;
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    draw();
  });
}

function draw() {
  const before = [chosenIn(first), chosenIn(second)];
  form.hidden = radiographs.length < 2;
  if (form.hidden) byHand = false;
  makeOptions();
  const list = radiographs.filter((radiograph) => offered.has(radiograph));
  [first, second].forEach((field, side) => fill(field, list.map((radiograph) => offered.get(radiograph)[side])));
  const [one, other] = (byHand ? before : lastTwo(list)).map((radiograph) => list.indexOf(radiograph));
  const free = (taken) => (taken === 0 ? 1 : 0);
  const previous = one >= 0 ? one : free(other);
  first.selectedIndex = previous;
  second.selectedIndex = other >= 0 ? other : previous + 1 < list.length ? previous + 1 : free(previous);
}

function chosenIn({ selectedOptions: [option] }) {
  return option?.radiograph;
}

function makeOptions() {
  const listed = new Set(radiographs);
  for (const radiograph of offered.keys()) if (!listed.has(radiograph)) offered.delete(radiograph);
  const missing = radiographs.filter((radiograph) => !offered.has(radiograph));
  const options = (radiograph) => [first, second].map(() => make("option", { radiograph }));
  makeSome(missing, (radiograph) => offered.set(radiograph, options(radiograph)), () => offer(radiographs));
}

// Has a field show these options, as they are named and dated now, and touches no other.
function fill(field, options) {
  const wanted = new Set(options);
  for (const option of [...field.options]) if (!wanted.has(option)) option.remove();
  options.forEach((option, place) => {
    const { dated } = option.radiograph;
    if (option.textContent !== dated) option.textContent = dated;
    if (field.options[place] !== option) field.add(option, place);
  });
}

// The two that were taken last, where files say when; else the first two of the list.
function lastTwo(list) {
  const known = list.filter(({ taken }) => taken);
  if (known.length < 2) return list.slice(0, 2);
  return known.sort((one, other) => Number(one.taken) - Number(other.taken)).slice(-2);
}
