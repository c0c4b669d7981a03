// The stored models: names of their labels, and their operating points.

import { language } from "./language.js";
import { get } from "./request.js";

let asked = null;

// A failure is not remembered: the next image asks again.
export function models() {
  asked ??= ask().catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}

async function ask() {
  return (await get("models?evidence=false")).models;
}

export async function modelNamed(name) {
  return (await models()).find((model) => model.name === name);
}

// What a doctor would call each label.
export function displayNames(model) {
  return named(model, "display");
}

// What stands beside a bar.
export function shortNames(model) {
  return named(model, "short");
}

// What a conclusive answer says.
export function headlines(model) {
  return named(model, "headline");
}

function named(model, kind) {
  return Object.fromEntries(model.labels.map((label) => [label.code, label[kind][language]]));
}
