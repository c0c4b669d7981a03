// One radiograph: what the service says of it. Rows, cards and viewers listen to it.

import { decided, explained } from "./decision.js";
import { Explanations } from "./explanations.js";
import { Film } from "./film.js";
import { checkBeforeUpload } from "./formats.js";
import { language } from "./language.js";
import { modelNamed } from "./models.js";
import { query } from "./options.js";
import { Failure, json } from "./request.js";
import { inTurn } from "./turns.js";

const NORMAL = "normal";

export class Radiograph extends Film {
  state = "waiting"; // sending, reading, busy, lost, answered, refused, problem, cancelled
  sent = 0; // share of the upload that has left
  left = 0; // seconds until a busy service is asked again
  error = null;
  answer = null; // the latest, which stays while another is asked for
  answeredAt = null;
  model = null; // the description of the model that answered
  explanation = null;
  whyWanted = false; // whether the explanation is to be asked for again
  mapShown = false;
  open = false; // whether its card is shown
  draft = {}; // what was typed about the answer and is not sent
  kept = false; // whether the answer has been saved or printed
  #stop = new AbortController();
  #answers = new Map(); // by model, prevalence and language
  #explanations = new Explanations();

  get running() {
    return ["waiting", "sending", "reading", "busy", "lost"].includes(this.state);
  }

  async ask({ urgent = false } = {}) {
    this.#stop.abort();
    const { signal } = (this.#stop = new AbortController());
    const key = `${query()}|${language}`;
    const known = this.#answers.get(key);
    if (known) return this.#answered(known);
    this.#become("waiting");
    try {
      const answer = await this.#predict(signal, urgent);
      const model = await modelNamed(answer.model.name);
      if (signal.aborted) return;
      this.#answers.set(key, { answer, model });
      this.#answered({ answer, model });
    } catch (error) {
      if (signal.aborted) return;
      this.#become("problem", { error });
      if (!(error instanceof Failure)) throw error;
    }
  }

  #answered({ answer, model }) {
    const before = this.explanation && this.answer;
    Object.assign(this, { answer: decided(answer), model, kept: false, answeredAt: new Date() });
    this.#explain();
    // The same answer in another language: its explanation is wanted in that too.
    this.whyWanted = !this.explanation && before?.model.sha256 === answer.model.sha256
      && explained(before) === explained(this.answer);
    this.#become(answer.rejected ? "refused" : "answered");
  }

  // Shows what follows at the operating point that is chosen now; the answer has it for each.
  decide() {
    if (!this.answer || this.answer.rejected) return;
    this.answer = decided(this.answer);
    this.#explain();
    this.tell("state");
  }

  // Takes the explanation of the answer that is shown, if it is known. A map of what speaks for the
  // absence of disease marks no finding: it is drawn when it is asked for.
  #explain() {
    const before = this.explanation?.label;
    this.explanation = this.#explanations.of(this.answer);
    if (this.explanation && this.explanation.label !== before) this.mapShown = this.explanation.label !== NORMAL;
  }

  async #predict(signal, urgent) {
    const send = async () => {
      await checkBeforeUpload(this.file);
      signal.throwIfAborted();
      this.#become("sending", { sent: 0 });
      const onprogress = (sent) => this.#become(sent < 1 ? "sending" : "reading", { sent });
      return this.post(`predict?${query()}`, { signal, onprogress });
    };
    return json(await inTurn(send, signal, {
      urgent,
      onbusy: (error, left) => this.#become("busy", { error, left }),
      onlost: (error) => this.#become("lost", { error }),
    }));
  }

  #become(state, facts = {}) {
    Object.assign(this, { error: null }, facts, { state });
    this.tell("state");
  }

  cancel() {
    this.#stop.abort();
    if (this.answer) this.#become(this.answer.rejected ? "refused" : "answered");
    else this.#become("cancelled");
  }

  async explain(waits) {
    const send = (path) => this.more(path, "application/json", waits);
    if (!(await this.#explanations.ask(this.answer, send))) return;
    // Another answer may have come meanwhile.
    this.#explain();
    this.tell("explanation");
  }

  refer(reference) {
    this.kept = false;
    super.refer(reference);
  }

  showMap(shown) {
    this.mapShown = shown;
    this.tell("map");
  }

  keep() {
    this.kept = true;
  }

  // Taken off the list, it does nothing more, but can come back until it is forgotten.
  leave() {
    this.#stop.abort();
  }

  comeBack() {
    if (this.running) this.ask();
  }
}
