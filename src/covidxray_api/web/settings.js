// What the service takes, and what its operator has settled for the page.

import { make } from "./dom.js";

let asked = null;

// Empty while the service does not tell: it then judges each file itself.
export function settings() {
  asked ??= fetch("page-settings")
    .then((response) => (response.ok ? response.json() : {}))
    .catch(() => {
      asked = null;
      return {};
    });
  return asked;
}

// Shows whose page it is, and the way to the studies where there are any, once it is known.
export async function showHospital() {
  const { line, logo, studies } = await settings();
  const link = document.querySelector("#to-studies");
  if (link) link.hidden = !studies;
  const place = document.querySelector("#hospital");
  place.hidden = !line && !logo;
  place.replaceChildren(
    ...(logo ? [make("img", { src: "page-logo", alt: "" })] : []),
    ...(line ? [make("p", {}, line)] : []),
  );
}
