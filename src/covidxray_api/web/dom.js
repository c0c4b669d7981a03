// Makes elements from words, never from markup: nothing a file name says can become part of the page.

const SVG = "http://www.w3.org/2000/svg";

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (/^(aria-|role$|for$|lang$)/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

export function icon(name) {
  const drawing = svg("svg", { class: "icon", "aria-hidden": "true" });
  drawing.append(svg("use", { href: `web/icons.svg#${name}` }));
  return drawing;
}

export function button(text, onclick, { symbol = null, kind = "", ...properties } = {}) {
  const content = [symbol ? icon(symbol) : null, make("span", {}, text)];
  return make("button", { type: "button", className: `button ${kind}`, onclick, ...properties }, content);
}

// A button of which only a picture is seen.
export function tool(text, symbol, onclick) {
  return make("button", { type: "button", className: "button square", title: text, "aria-label": text, onclick },
    icon(symbol));
}

let named = 0;

// A label and the field it names, whatever else is on the page.
export function labelled(text, field) {
  field.id = `field-${(named += 1)}`;
  return [make("label", { for: field.id }, text), field];
}

// As much is made in a frame: hundreds at once would hold the page up.
const MADE_AT_ONCE = 10;

// Makes the first of what is missing; `again` is to come back for the others in the next frame.
export function makeSome(missing, makeOne, again) {
  missing.slice(0, MADE_AT_ONCE).forEach(makeOne);
  if (missing.length > MADE_AT_ONCE) again();
}

export function announce(text) {
  document.querySelector("#announcer").textContent = text;
}
