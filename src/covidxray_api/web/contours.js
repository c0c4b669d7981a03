// Draws a coarse map as contour lines over a radiograph, so that nothing under them is hidden.

import { make, svg } from "./dom.js";
import { percent, words } from "./language.js";

const SIDE = 72;

// Shares of the map's greatest value that have a line; the style sheet tells them apart by colour and width.
const LEVELS = [0.3, 0.6, 0.9];

// `lungs`: outlines of them, corners as shares of the picture's width and height.
export function contours({ map, lungs }) {
  const rows = map.values.map((row) => stretched(row));
  const columns = rows[0].map((_, x) => stretched(rows.map((row) => row[x])));
  const most = Math.max(...columns.flat());
  const drawing = svg("svg", { class: "contours", viewBox: `0 0 ${SIDE} ${SIDE}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  if (lungs?.length) drawing.append(...line("lungs", lungs.map(polygon).join("")));
  LEVELS.forEach((level, place) => {
    drawing.append(...line(`level-${place}`, outline((x, y) => (columns[x]?.[y] ?? 0) - level * most)));
  });
  return drawing;
}

export function legend({ lungs }) {
  const entry = (kind, text) => {
    const drawing = svg("svg", { class: "contours sample", viewBox: "0 0 24 8", "aria-hidden": "true" });
    drawing.append(...line(kind, "M0 4H24"));
    return make("li", {}, drawing, make("span", {}, text));
  };
  return make("ul", { className: "legend" },
    LEVELS.map((level, place) => entry(`level-${place}`, words.level(percent(level)))),
    lungs?.length ? entry("lungs", words.lungs) : null);
}

function line(kind, path) {
  return [svg("path", { class: "halo", d: path }), svg("path", { class: kind, d: path })];
}

function polygon(corners) {
  return `M${corners.map(({ x, y }) => `${(x * SIDE).toFixed(2)} ${(y * SIDE).toFixed(2)}`).join("L")}Z`;
}

// Which ninth of the picture the map is strongest in, row by row from the upper left.
export function strongest({ values, height, width }) {
  const most = Math.max(...values.flat());
  const row = values.findIndex((cells) => cells.includes(most));
  const third = (place, places) => Math.floor(((place + 0.5) / places) * 3);
  return third(row, height) * 3 + third(values[row].indexOf(most), width);
}

// The line where a function is 0 (marching squares, Maple 2003): for each cell of the grid of the
// samples, the segments between those of its edges where the sign changes. Beyond the edge it is below 0.
function outline(height) {
  const parts = [];
  for (let y = -1; y < SIDE; y += 1) {
    for (let x = -1; x < SIDE; x += 1) {
      const corners = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]];
      const heights = corners.map(([across, down]) => inside(across, down) ? height(across, down) : -1);
      const crossed = [];
      for (let edge = 0; edge < 4; edge += 1) {
        const [from, to] = [heights[edge], heights[(edge + 1) % 4]];
        if (from >= 0 !== to >= 0) crossed.push(between(corners[edge], corners[(edge + 1) % 4], from / (from - to)));
      }
      for (let at = 0; at + 1 < crossed.length; at += 2) parts.push(`M${crossed[at]}L${crossed[at + 1]}`);
    }
  }
  return parts.join("");
}

function inside(across, down) {
  return across >= 0 && down >= 0 && across < SIDE && down < SIDE;
}

function between([x, y], [toX, toY], share) {
  const place = (from, to) => Math.min(SIDE, Math.max(0, from + (to - from) * share + 0.5)).toFixed(2);
  return `${place(x, toX)} ${place(y, toY)}`;
}

// Catmull and Rom's cubic through the cells' centres; the outermost cells reach beyond the edge.
function stretched(cells) {
  const cell = (index) => cells[Math.min(cells.length - 1, Math.max(0, index))];
  return Array.from({ length: SIDE }, (_, at) => {
    const place = ((at + 0.5) / SIDE) * cells.length - 0.5;
    const first = Math.floor(place);
    const t = place - first;
    const [a, b, c, d] = [cell(first - 1), cell(first), cell(first + 1), cell(first + 2)];
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  });
}
