// A ruler over a radiograph, in millimetres where its file states how far its pixels are apart.

import { make, svg, tool } from "./dom.js";
import { number, words } from "./language.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.01; // of the picture as it is shown, by key

// A drag or the arrows move its ends while it is shown; `toggle` shows it or puts it away.
export function ruler(radiograph, stage) {
  let shown = false;
  let start = null; // where a drag began
  // Ends, as shares of the picture across and down from its middle, however it is turned.
  let ends = [[-0.25, 0], [0.25, 0]];
  const line = svg("line", {});
  const dots = ends.map(() => svg("circle", {}));
  const drawing = svg("svg", { class: "ruler", "aria-hidden": "true" });
  drawing.append(line, ...dots);
  const said = make("p", { className: "measured", role: "status" });
  stage.element.append(said);

  const draw = () => {
    element.setAttribute("aria-pressed", shown);
    const known = shown && radiograph.spacing;
    said.textContent = !shown ? "" : known ? measured(radiograph, ends) : words.noSpacing;
    if (!known) return drawing.remove();
    const place = (share) => `${(share + 0.5) * 100}%`;
    ends.forEach(([across, down], end) => {
      line.setAttribute(`x${end + 1}`, place(across));
      line.setAttribute(`y${end + 1}`, place(down));
      dots[end].setAttribute("cx", place(across));
      dots[end].setAttribute("cy", place(down));
    });
    if (!drawing.isConnected) stage.content.append(drawing);
  };
  const toggle = () => {
    // Until there is a picture, it is not known what its file states.
    shown = !shown && Boolean(radiograph.picture);
    draw();
  };
  const element = tool(words.ruler, "ruler", toggle);
  draw();

  // Before the stage, which moves and brightens, hears of it.
  const first = (what, act) => stage.element.addEventListener(what, (event) => {
    if (!shown || !radiograph.spacing || !act(event)) return;
    event.stopPropagation();
    event.preventDefault();
    draw();
  }, { capture: true });
  first("pointerdown", (event) => {
    if (!event.isPrimary) return false;
    stage.element.setPointerCapture(event.pointerId);
    stage.element.focus();
    start = placeIn(stage, event);
    return true;
  });
  first("pointermove", (event) => {
    if (start && event.isPrimary) ends = [start, placeIn(stage, event)];
    return start && event.isPrimary;
  });
  for (const end of ["pointerup", "pointercancel"]) stage.element.addEventListener(end, () => (start = null));
  first("keydown", ({ key, shiftKey }) => {
    const arrow = ARROWS[key];
    if (!arrow) return false;
    const [across, down] = upright(stage, arrow).map((way) => (way * STEP) / stage.view.scale);
    const moved = shiftKey ? 0 : 1;
    ends = ends.map(([x, y], end) => (end === moved ? [x + across, y + down].map(within) : [x, y]));
    return true;
  });
  return { element, toggle };
}

function measured({ spacing, pixels, ratio }, [[x, y], [toX, toY]]) {
  const length = Math.hypot((toX - x) * pixels * spacing.column, (toY - y) * (pixels / ratio) * spacing.row);
  const decimals = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return `${number(length, decimals)} mm ${words.planes[spacing.plane]}`;
}

function placeIn(stage, { clientX, clientY }) {
  const { left, top, width, height } = stage.content.getBoundingClientRect();
  return upright(stage, [(clientX - left) / width - 0.5, (clientY - top) / height - 0.5]).map(within);
}

// What is across and down on the screen, in the picture before it was mirrored and turned.
function upright({ quarters, mirrored }, [across, down]) {
  let [x, y] = [across, down];
  for (let turn = 0; turn < quarters; turn += 1) [x, y] = [y, -x];
  return [mirrored ? -x : x, y];
}

function within(share) {
  return Math.min(0.5, Math.max(-0.5, share));
}
