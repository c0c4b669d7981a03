// Which language the page speaks: the one chosen here before, else the browser's.

const LANGUAGES = ["en", "es"];
const KEY = "language";

const formats = new Map();

export let language = remembered() ?? preferred();
export let { words } = await import(`./words.${language}.js`);

function remembered() {
  try {
    const stored = localStorage.getItem(KEY);
    return LANGUAGES.includes(stored) ? stored : null;
  } catch {
    return null; // Storage may be forbidden; then the browser's language decides each time.
  }
}

function preferred() {
  const known = navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]);
  return known.find((tag) => LANGUAGES.includes(tag)) ?? "en";
}

export async function speak(chosen) {
  ({ words } = await import(`./words.${chosen}.js`));
  language = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Not remembered, but spoken.
  }
  apply();
}

// Writes the page's own words; `data-text` names the text of an element, `data-label` its name,
// `data-placeholder` what stands in an empty field.
export function apply() {
  document.documentElement.lang = language;
  const { title } = document.documentElement.dataset;
  document.title = words[title ?? "title"];
  document.querySelector("meta[name=description]").content = words[title ? "studiesPurpose" : "purpose"];
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = words[element.dataset.text];
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", words[element.dataset.label]);
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.placeholder = words[element.dataset.placeholder];
  }
  for (const choice of document.querySelectorAll("[data-language]")) {
    choice.setAttribute("aria-pressed", String(choice.dataset.language === language));
  }
  // How numbers are written takes the browser long to look up: not when the first answer comes.
  percent(0);
}

export function number(value, options = {}) {
  return format("NumberFormat", options).format(value);
}

// Each is made once: that takes longer than to write a hundred numbers.
function format(kind, options) {
  const key = [kind, language, JSON.stringify(options)].join();
  if (!formats.has(key)) formats.set(key, new Intl[kind](language, options));
  return formats.get(key);
}

// In whole per cent, and never 0 or 100, which would be certainty.
export function percent(share) {
  const least = 0.01;
  if (share < least) return `<\u00a0${whole(least)}`;
  if (share > 1 - least) return `>\u00a0${whole(1 - least)}`;
  return whole(share);
}

function whole(share) {
  return number(share, { style: "percent", maximumFractionDigits: 0 });
}

// Day and minute.
export function moment(date) {
  return format("DateTimeFormat", { dateStyle: "long", timeStyle: "short" }).format(date);
}

export function day(date) {
  return format("DateTimeFormat", { dateStyle: "medium" }).format(date);
}
