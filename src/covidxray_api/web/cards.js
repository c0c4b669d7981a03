// The cards that are open: made when first wanted, kept with all that was typed in them.

import { card } from "./card.js";
import { make } from "./dom.js";

export function cards(list, { remove, order, closed }) {
  const made = new Map();

  function prepare(radiograph) {
    if (made.has(radiograph)) return made.get(radiograph).item;
    const gone = new AbortController();
    const item = make("li", { hidden: !radiograph.open }, card(radiograph, gone.signal, { remove, order, close: closeByHand }));
    list.insertBefore(item, itemAfter(radiograph));
    made.set(radiograph, { item, gone });
    return item;
  }

  function itemAfter({ number }) {
    const later = [...made.keys()].filter((other) => other.number > number);
    const [next] = later.sort((one, other) => one.number - other.number);
    return next ? made.get(next).item : null;
  }

  function discard(radiograph) {
    const { item, gone } = made.get(radiograph);
    gone.abort();
    item.remove();
    made.delete(radiograph);
  }

  function show(radiograph, shown) {
    radiograph.open = shown;
    prepare(radiograph).hidden = !shown;
    radiograph.tell("opened");
  }

  function close(radiograph) {
    show(radiograph, false);
  }

  function closeByHand(radiograph) {
    close(radiograph);
    closed(radiograph);
  }

  function open(radiograph) {
    show(radiograph, true);
  }

  return {
    open,
    prepare,
    openAlone(radiograph) {
      for (const other of made.keys()) if (other !== radiograph && other.open) close(other);
      open(radiograph);
      const item = prepare(radiograph);
      item.scrollIntoView({ block: "start" });
      item.querySelector("h3").focus({ preventScroll: true });
    },
    focus(radiograph) {
      if (!radiograph.open) return false;
      prepare(radiograph).querySelector(".plate-button").focus({ preventScroll: true });
      return true;
    },
    // Takes cards off the list.
    take(radiographs) {
      for (const radiograph of radiographs) if (made.has(radiograph)) discard(radiograph);
    },
    // Makes all cards anew, in the language that is spoken now.
    speak() {
      const before = [...made.keys()];
      for (const radiograph of before) discard(radiograph);
      for (const radiograph of before) prepare(radiograph);
    },
  };
}
