// What was removed can be brought back, until something else is done or a minute has passed.

import { button, make } from "./dom.js";
import { words } from "./language.js";

const KEPT_MS = 60_000;
const place = document.querySelector("#undo");

let offered = null;

function end(what) {
  if (!offered) return;
  const { timer, [what]: act } = offered;
  offered = null;
  clearTimeout(timer);
  place.replaceChildren();
  act?.();
}

export const undo = {
  offer(said, { bring, forget }) {
    end("forget");
    offered = { bring, forget, timer: setTimeout(() => end("forget"), KEPT_MS) };
    place.replaceChildren(
      make("p", { className: "box" }, make("span", {}, said), button(words.undo, () => end("bring"), { symbol: "again" })),
    );
  },
  forget: () => end("forget"),
};
