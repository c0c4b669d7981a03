// A film as a picture, with its map over it: in its card, and in a viewer.

import { make } from "./dom.js";
import { heatmap } from "./heatmap.js";
import { words } from "./language.js";

export function plate(film, signal) {
  const image = make("img", { alt: film.alt(), draggable: false, hidden: true });
  const missing = make("p", { className: "undrawable", hidden: true }, words.undrawable);
  const element = make("span", { className: "plate" }, image, missing);
  let map = null;

  const showPicture = () => {
    if (!film.picture) return;
    image.src = film.picture;
    image.hidden = false;
    element.style.setProperty("--ratio", film.ratio);
  };
  const showMap = () => {
    map?.remove();
    map = film.explanation?.map ? heatmap(film.explanation.map) : null;
    if (map) element.append(map);
    fade();
  };
  const fade = () => map?.style.setProperty("opacity", film.opacity);

  film.addEventListener("picture", showPicture, { signal });
  film.addEventListener("undrawable", () => (missing.hidden = false), { signal });
  film.addEventListener("explanation", showMap, { signal });
  // A new answer has no map yet.
  film.addEventListener("state", () => film.explanation || showMap(), { signal });
  film.addEventListener("opacity", fade, { signal });
  showPicture();
  showMap();
  return { element, image };
}
