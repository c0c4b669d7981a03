// The stored models: names of their labels, and their operating points.

import { language } from "./language.js";
import { Offline, Problem } from "./request.js";

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
  const response = await fetch("models").catch(() => {
    throw new Offline();
  });
  const said = await response.json();
  if (!response.ok) throw new Problem(said, response.status, null);
  return said.models;
}

export async function modelNamed(name) {
  return (await models()).find((model) => model.name === name);
}

export function displayNames(model) {
  return Object.fromEntries(model.labels.map(({ code, display }) => [code, display[language]]));
}
