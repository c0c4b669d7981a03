// The table: a line for each radiograph, the urgent ones first, with counts above it.

import { announce, button, makeSome } from "./dom.js";
import { words } from "./language.js";
import { row } from "./row.js";
import { counted, summary, urgentFirst } from "./verdict.js";

export function worklist(section, { open }) {
  const [body, filters, search] = ["tbody", ".filters", "input[type=search]"].map((part) => section.querySelector(part));
  let radiographs = [];
  let rows = new Map();
  let batch = 0;
  let filter = null;
  let shown = []; // the buttons of the lines that are shown, in their order
  let stop = null; // the one of them that Tab leads to
  let due = false;

  // What happens in one frame is drawn in one go.
  function changed() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      draw();
    });
  }

  function draw() {
    const sorted = urgentFirst(radiographs);
    const groups = counted(sorted);
    if (filter && !groups.has(filter)) filter = null;
    const wanted = search.value.trim().toLowerCase();
    const focused = document.activeElement;
    makeRows();
    shown = [];
    let next = body.firstElementChild;
    for (const { radiograph, group } of sorted) {
      if (!rows.has(radiograph)) continue;
      const { element, opener } = rows.get(radiograph);
      const hidden = Boolean(filter && group !== filter) || !radiograph.name.toLowerCase().includes(wanted);
      if (element.hidden !== hidden) element.hidden = hidden;
      if (!hidden) shown.push(opener);
      if (element === next) next = next.nextElementSibling;
      else body.insertBefore(element, next);
    }
    // A row that is moved loses the focus.
    if (body.contains(focused) && document.activeElement !== focused) focused.focus({ preventScroll: true });
    letTabStop();
    drawFilters(groups);
    sayOnce(groups);
  }

  function makeRows() {
    const missing = radiographs.filter((radiograph) => !rows.has(radiograph));
    makeSome(missing, (radiograph) => rows.set(radiograph, row(radiograph, open, changed)), changed);
  }

  // Tab stops at one row, and arrows lead from row to row: there may be hundreds.
  function letTabStop(at) {
    const wanted = at ?? shown.find((opener) => opener === document.activeElement) ?? shown[0];
    if (wanted === stop) return;
    if (stop) stop.tabIndex = -1;
    if (wanted) wanted.tabIndex = 0;
    stop = wanted;
  }

  function step(event) {
    const from = shown.indexOf(document.activeElement);
    const steps = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: shown.length - 1 };
    const next = shown[steps[event.key]];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  function drawFilters(groups) {
    const all = [null, { name: words.all, count: radiographs.length }];
    const focused = filters.contains(document.activeElement);
    filters.replaceChildren(
      ...[all, ...groups].map(([group, { name, count }]) =>
        button(`${name} ${count}`, () => choose(group), { kind: "filter", "aria-pressed": String(group === filter) }),
      ),
    );
    if (focused) filters.querySelector("[aria-pressed=true]").focus();
  }

  function choose(group) {
    filter = group;
    draw();
  }

  // Nothing is said of each when many come in, but once of all.
  function sayOnce(groups) {
    const running = radiographs.filter(({ running }) => running).length;
    if (running) batch = Math.max(batch, running);
    else if (batch) {
      batch = 0;
      // A problem of a single one is said by its card.
      if (radiographs.length > 1) announce(tally(groups));
      else if (radiographs[0]?.answer) announce(summary(radiographs[0]));
    }
  }

  function tally(groups) {
    const parts = [...groups].map(([group, { name, count }]) =>
      `${count} ${words.tallied[group]?.[count === 1 ? 0 : 1] ?? uncapitalised(name)}`,
    );
    return words.tally(radiographs.filter(({ answer }) => answer).length, radiographs.length, parts.join(", "));
  }

  search.addEventListener("input", draw);
  body.addEventListener("keydown", step);
  body.addEventListener("focusin", ({ target }) => letTabStop(target));

  return {
    element: section,
    list(all) {
      radiographs = all;
      section.hidden = all.length < 2;
      const listed = new Set(all);
      for (const [radiograph, { element, gone }] of rows) {
        if (listed.has(radiograph)) continue;
        gone.abort();
        element.remove();
        rows.delete(radiograph);
      }
      draw();
    },
    focus(radiograph) {
      if (section.hidden || !rows.has(radiograph)) return false;
      rows.get(radiograph).element.querySelector("button").focus();
      return true;
    },
    speak() {
      for (const { element, gone } of rows.values()) {
        gone.abort();
        element.remove();
      }
      rows = new Map();
    },
    // In the order of the table, as far as it is shown.
    order() {
      const sorted = urgentFirst(radiographs).map(({ radiograph }) => radiograph);
      return sorted.filter((radiograph) => !rows.get(radiograph)?.element.hidden);
    },
  };
}

// In a sentence, as long as it is no abbreviation.
function uncapitalised(name) {
  return /^\p{Lu}\p{Ll}/u.test(name) ? name[0].toLowerCase() + name.slice(1) : name;
}
