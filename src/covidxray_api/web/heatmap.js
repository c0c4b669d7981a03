// Draws a coarse map smoothly over a film, in colours whose lightness rises as the value does.

import { make } from "./dom.js";

const SIDE = 256;

// The ramp "inferno", of equal perceptual steps, as the service's reports use it; nine of its colours.
const RAMP = [
  [0, 0, 4], [33, 12, 74], [87, 16, 110], [138, 34, 106], [188, 55, 84],
  [227, 89, 51], [249, 140, 10], [249, 201, 50], [252, 255, 164],
]; // prettier-ignore

export function heatmap(map) {
  const canvas = make("canvas", { className: "heatmap", width: SIDE, height: SIDE, "aria-hidden": "true" });
  const rows = map.values.map((row) => stretched(row));
  const columns = rows[0].map((_, x) => stretched(rows.map((row) => row[x])));
  paint(canvas, (x, y) => columns[x][y], (value) => value);
  return canvas;
}

export function legend() {
  const canvas = make("canvas", { className: "ramp", width: SIDE, height: 1, "aria-hidden": "true" });
  paint(canvas, (x) => x / (SIDE - 1), () => 1);
  return canvas;
}

// Which ninth of the picture the map is strongest in, row by row from the upper left.
export function strongest({ values, height, width }) {
  const most = Math.max(...values.flat());
  const row = values.findIndex((cells) => cells.includes(most));
  const third = (place, places) => Math.floor(((place + 0.5) / places) * 3);
  return third(row, height) * 3 + third(values[row].indexOf(most), width);
}

function paint(canvas, valueAt, alphaOf) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let at = 0, y = 0; y < canvas.height; y += 1) {
    for (let x = 0; x < canvas.width; x += 1, at += 4) {
      const value = Math.min(1, Math.max(0, valueAt(x, y)));
      image.data.set([...colour(value), alphaOf(value) * 255], at);
    }
  }
  context.putImageData(image, 0, 0);
}

function colour(value) {
  const place = value * (RAMP.length - 1);
  const low = Math.min(Math.floor(place), RAMP.length - 2);
  return RAMP[low].map((part, channel) => part + (RAMP[low + 1][channel] - part) * (place - low));
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
