// A film that can be enlarged and moved: by buttons, wheel, fingers and keys.

import { make } from "./dom.js";

const LARGEST = 12;
const STEP = 1.25;
const WHOLE = { scale: 1, x: 0, y: 0 };

// `view`: enlargement, and by which share of the stage the film is moved. Tells "view" when it is
// changed here, and "tone" with `across` and `down` (shares of the stage) when a drag is to change
// brightness and contrast.
export class Stage extends EventTarget {
  view = WHOLE;
  dragMoves = false;
  #fingers = new Map();

  constructor(content, name, help) {
    super();
    this.sheet = make("div", { className: "sheet" }, content);
    this.element = make("div",
      { className: "stage", tabIndex: 0, role: "group", "aria-label": name, "aria-describedby": help },
      this.sheet);
    this.element.addEventListener("pointerdown", (event) => this.#touch(event));
    this.element.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.element.addEventListener(end, ({ pointerId }) => this.#fingers.delete(pointerId));
    }
    this.element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  show({ scale, x, y }) {
    const within = (moved) => Math.min((scale - 1) / 2, Math.max((1 - scale) / 2, moved));
    this.view = { scale, x: within(x), y: within(y) };
    this.sheet.style.setProperty(
      "transform",
      `translate(${this.view.x * 100}%, ${this.view.y * 100}%) scale(${scale})`,
    );
  }

  #change(view) {
    this.show(view);
    this.dispatchEvent(new Event("view"));
  }

  // Enlarges about a point, given as shares of the stage from its middle: the point stays in place.
  zoom(factor, [across, down] = [0, 0]) {
    const scale = Math.min(LARGEST, Math.max(1, this.view.scale * factor));
    const ratio = scale / this.view.scale;
    const moved = (point, place) => point - (point - place) * ratio;
    this.#change({ scale, x: moved(across, this.view.x), y: moved(down, this.view.y) });
  }

  enlarge = () => this.zoom(STEP);
  reduce = () => this.zoom(1 / STEP);
  reset = () => this.#change(WHOLE);

  #move(across, down) {
    this.#change({ ...this.view, x: this.view.x + across, y: this.view.y + down });
  }

  #tone(across, down) {
    this.dispatchEvent(Object.assign(new Event("tone"), { across, down }));
  }

  #place({ clientX, clientY }) {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    return [(clientX - left) / width - 0.5, (clientY - top) / height - 0.5];
  }

  #touch(event) {
    this.element.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, this.#place(event));
  }

  #drag(event) {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    const now = this.#place(event);
    const [other] = [...this.#fingers].filter(([finger]) => finger !== event.pointerId);
    this.#fingers.set(event.pointerId, now);
    if (other) return this.#pinch(before, now, other[1]);
    const [across, down] = [now[0] - before[0], now[1] - before[1]];
    if (this.dragMoves !== event.shiftKey) this.#move(across, down);
    else this.#tone(across, down);
  }

  #pinch(before, now, other) {
    const apart = ([x, y]) => Math.hypot(x - other[0], y - other[1]);
    const middle = ([x, y]) => [(x + other[0]) / 2, (y + other[1]) / 2];
    const [from, to] = [middle(before), middle(now)];
    this.#move(to[0] - from[0], to[1] - from[1]);
    this.zoom(apart(now) / apart(before), to);
  }

  #wheel(event) {
    event.preventDefault();
    this.zoom(event.deltaY < 0 ? STEP : 1 / STEP, this.#place(event));
  }

  #key(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const zooms = { "+": this.enlarge, "=": this.enlarge, "-": this.reduce, 0: this.reset };
    const arrow = arrows[event.key];
    if (arrow && event.shiftKey) this.#tone(arrow[0] / 20, arrow[1] / 20);
    else if (arrow) this.#move(-arrow[0] / 10, -arrow[1] / 10);
    else if (zooms[event.key] && !event.ctrlKey && !event.metaKey) zooms[event.key]();
    else return;
    event.preventDefault();
  }
}
