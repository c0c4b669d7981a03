// The image that a user has given: its names, when it was taken, how it looks, and its way to the service.

import { pictureOf } from "./picture.js";
import { post } from "./request.js";
import { dayOf, takenOf } from "./taken.js";
import { inTurn } from "./turns.js";

export class Film extends EventTarget {
  reference = ""; // the user's own word for it, no name
  taken = ""; // when, where its file says so
  undrawable = false;
  picture = null; // URL of what the browser can draw; ratio: its width over its height
  ratio = 1;
  pixels = 0; // width of the picture, in pixels
  spacing = null; // of the picture's rows and columns, where it is known
  #gone = new AbortController();
  #drawing = null;

  constructor(file, number) {
    super();
    this.file = file;
    this.number = number;
    this.#date();
  }

  async #date() {
    this.taken = await takenOf(this.file);
    if (this.taken) this.tell("reference");
  }

  get name() {
    return [this.number, this.reference, this.file.name].filter(Boolean).join(" · ");
  }

  get dated() {
    return this.taken ? `${this.name} (${dayOf(this.taken)})` : this.name;
  }

  tell(what) {
    this.dispatchEvent(new Event(what));
  }

  refer(reference) {
    this.reference = reference;
    this.tell("reference");
  }

  post(path, options) {
    return post(path, this.file, { ...options, reference: this.reference });
  }

  // Sends the image once more for something beside the answer; resolves to a Blob.
  more(path, accept, { onanswer, signal: until, ...waits } = {}) {
    const signal = AbortSignal.any([this.#gone.signal, ...(until ? [until] : [])]);
    return inTurn(() => this.post(path, { signal, accept, onanswer }), signal, { urgent: true, ...waits });
  }

  // Draws the picture once; whoever shows it asks.
  draw() {
    this.#drawing ??= this.#draw();
    return this.#drawing;
  }

  async #draw() {
    const picture = await pictureOf(this.file, (onanswer) => this.more("preview", "image/png", { onanswer }));
    if (!picture) {
      this.undrawable = true;
      return this.tell("undrawable");
    }
    if (this.#gone.signal.aborted) URL.revokeObjectURL(picture.picture);
    Object.assign(this, picture);
    this.tell("picture");
  }

  forget() {
    this.#gone.abort();
    if (this.picture) URL.revokeObjectURL(this.picture);
  }
}
