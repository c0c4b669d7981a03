// A radiograph as a picture, with its map over it: in its card, and in a viewer.

import { contours } from "./contours.js";
import { make } from "./dom.js";
import { words } from "./language.js";

export function plate(radiograph, signal) {
  const image = make("img", { alt: words.pictureOf(radiograph.name), draggable: false, hidden: true });
  const missing = make("p", { className: "undrawable", hidden: !radiograph.undrawable }, words.undrawable);
  const element = make("span", { className: "plate" }, image, missing);
  let map = null;
  let drawn = null; // the explanation whose map is

  const showPicture = () => {
    if (!radiograph.picture) return;
    image.src = radiograph.picture;
    image.hidden = false;
    element.style.setProperty("--ratio", radiograph.ratio);
  };
  const showMap = () => {
    const wanted = radiograph.mapShown && radiograph.explanation?.map ? radiograph.explanation : null;
    if (wanted === drawn) return;
    drawn = wanted;
    map?.remove();
    map = wanted && contours(wanted);
    if (map) element.append(map);
  };
  const on = (what, act) => radiograph.addEventListener(what, act, { signal });
  on("picture", showPicture);
  on("undrawable", () => (missing.hidden = false));
  on("explanation", showMap);
  on("map", showMap);
  // Another answer may have no map yet.
  on("state", showMap);
  on("reference", () => (image.alt = words.pictureOf(radiograph.name)));
  showPicture();
  showMap();
  radiograph.draw();
  return { element, image };
}
