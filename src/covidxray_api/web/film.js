// One film: what is known of it, and the requests about it. Cards and viewers listen to it.

import { words } from "./language.js";
import { modelNamed } from "./models.js";
import { point, query } from "./options.js";
import { json, Offline, post, Problem } from "./request.js";
import { inTurn } from "./turns.js";

const OPACITY = 0.6;

export class Film extends EventTarget {
  state = "waiting"; // sending, reading, busy, answered, refused, problem, cancelled
  sent = 0; // share of the upload that has left
  left = 0; // seconds until a busy service is asked again
  error = null;
  answer = null;
  model = null; // the description of the model that answered
  explanation = null;
  opacity = OPACITY;
  picture = null; // URL of what the browser can draw; ratio: its width over its height
  ratio = 1;
  #stop = new AbortController();
  #gone = new AbortController();

  constructor(file, number) {
    super();
    this.file = file;
    this.number = number;
    this.name = `${number} · ${file.name}`;
  }

  tell(what) {
    this.dispatchEvent(new Event(what));
  }

  async ask() {
    this.#stop.abort();
    const { signal } = (this.#stop = new AbortController());
    this.#become("waiting");
    try {
      const answer = await this.#predict(signal);
      const model = await modelNamed(answer.model.name);
      if (signal.aborted) return;
      Object.assign(this, { answer: decided(answer), model, explanation: null });
      this.#become(answer.rejected ? "refused" : "answered");
    } catch (error) {
      if (signal.aborted) return;
      this.#become("problem", { error });
      if (!(error instanceof Problem || error instanceof Offline)) throw error;
    }
  }

  // Shows what follows at the operating point that is chosen now; the answer has it for each.
  decide() {
    if (this.state !== "answered") return;
    Object.assign(this, { answer: decided(this.answer), explanation: null });
    this.tell("state");
  }

  async #predict(signal) {
    const onprogress = (sent) => this.#become(sent < 1 ? "sending" : "reading", { sent });
    const onwait = (error, left) => this.#become("busy", { error, left });
    const send = () => {
      this.#become("sending", { sent: 0 });
      return post(`predict?${query()}`, this.file, { signal, onprogress });
    };
    return json(await inTurn(send, signal, onwait));
  }

  #become(state, facts = {}) {
    Object.assign(this, { error: null }, facts, { state });
    this.tell("state");
  }

  cancel() {
    this.#stop.abort();
    this.#become("cancelled");
  }

  // Sends the film once more for something beside the answer; resolves to a Blob.
  more(path, accept, onwait = () => {}) {
    const { signal } = this.#gone;
    return inTurn(() => post(path, this.file, { signal, accept }), signal, onwait);
  }

  async explain(onwait) {
    const asked = this.answer;
    const said = await json(await this.more(`explain?${this.choices()}`, "application/json", onwait));
    if (this.answer !== asked) return;
    this.explanation = said.explanation;
    this.tell("explanation");
  }

  // The choices under which the answer that is shown was given.
  choices() {
    const { model, operating_point } = this.answer;
    const chosen = { model: model.name, ...(operating_point && { operating_point }) };
    return new URLSearchParams(chosen);
  }

  async draw() {
    const url = URL.createObjectURL(this.file);
    if (await this.#shows(url)) return;
    URL.revokeObjectURL(url);
    // The browser cannot draw DICOM or TIFF; the service can.
    const drawn = await this.more("preview", "image/png").catch(() => null);
    if (!drawn || !(await this.#shows(URL.createObjectURL(drawn)))) this.tell("undrawable");
  }

  async #shows(url) {
    const image = new Image();
    image.src = url;
    try {
      await image.decode();
    } catch {
      return false;
    }
    if (this.#gone.signal.aborted) URL.revokeObjectURL(url);
    Object.assign(this, { picture: url, ratio: image.naturalWidth / image.naturalHeight });
    this.tell("picture");
    return true;
  }

  fade(opacity) {
    this.opacity = opacity;
    this.tell("opacity");
  }

  remove() {
    this.#stop.abort();
    this.#gone.abort();
    if (this.picture) URL.revokeObjectURL(this.picture);
    this.tell("removed");
  }

  alt() {
    return words.filmAlt(this.name);
  }
}

function decided(answer) {
  const decision = answer.decisions[point()];
  return decision ? { ...answer, ...decision, operating_point: point() } : answer;
}
