// The stored models: names of their labels, and their operating points.

import { language } from "./language.js";
import { get } from "./request.js";

let asked = null;

// A failure is not remembered: the next film asks again.
export function models() {
  asked ??= ask().catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}

async function ask() {
  return (await get("models")).models;
}

export async function modelNamed(name) {
  return (await models()).find((model) => model.name === name);
}

export function displayNames(model) {
  return Object.fromEntries(model.labels.map(({ code, display }) => [code, display[language]]));
}
