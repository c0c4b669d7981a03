// A picture that can be enlarged, moved, turned and mirrored: by buttons, wheel, fingers and keys.

import { make } from "./dom.js";

const LARGEST = 12;
const STEP = 1.25;
const WHOLE = { scale: 1, x: 0, y: 0 };

// `view`: enlargement, and by which share of the stage the picture is moved. Tells "view" when it is
// changed here, "tone" with `across` and `down` (shares of the stage) when a drag is to change
// brightness and contrast, and "turned" when it is turned or mirrored.
export class Stage extends EventTarget {
  view = WHOLE;
  dragMoves = false;
  quarters = 0; // by how many quarter turns it is turned clockwise, after it was mirrored or not
  mirrored = false;
  #fingers = new Map();

  constructor(content, name, help) {
    super();
    this.content = content;
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
    const room = Math.max(0, (scale - 1) / 2);
    const within = (moved) => Math.min(room, Math.max(-room, moved));
    this.view = { scale, x: within(x), y: within(y) };
    this.sheet.style.setProperty("--scale", scale);
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

  // Shows each of so many pixels of the picture's width as one of the screen.
  real(pixels) {
    const scale = pixels / devicePixelRatio / this.content.offsetWidth;
    this.#change({ ...this.view, scale });
  }

  turnRight = () => this.#orient(this.quarters + 1, this.mirrored);
  turnLeft = () => this.#orient(this.quarters + 3, this.mirrored);
  // What is seen is mirrored, however it was turned before: mirroring reverses the turns.
  mirror = () => this.#orient(4 - this.quarters, !this.mirrored);
  flip = () => this.#orient(6 - this.quarters, !this.mirrored);

  #orient(quarters, mirrored) {
    this.quarters = quarters % 4;
    this.mirrored = mirrored;
    this.content.style.setProperty("transform", `rotate(${this.quarters * 90}deg) scaleX(${mirrored ? -1 : 1})`);
    this.content.classList.toggle("on-its-side", this.quarters % 2 === 1);
    this.dispatchEvent(new Event("turned"));
  }

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
    // One finger moves; brightness is for who has a mouse.
    const moves = event.pointerType === "touch" || this.dragMoves !== event.shiftKey;
    if (moves) this.#move(across, down);
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
