// What is known of why a radiograph got its answers: by answer's model, label and language.

import { choicesOf, explained, explanationKey } from "./decision.js";
import { json } from "./request.js";

export class Explanations {
  #known = new Map();

  of(answer) {
    return this.#known.get(explanationKey(answer)) ?? null;
  }

  // `send` sends the image to a path; resolves to whether there is an explanation.
  async ask(answer, send) {
    const choices = choicesOf(answer);
    choices.set("label", explained(answer));
    const { explanation } = await json(await send(`explain?${choices}`));
    if (explanation) this.#known.set(explanationKey(answer), explanation);
    return Boolean(explanation);
  }
}
