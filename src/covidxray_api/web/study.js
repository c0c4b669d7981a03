// One study in large: the pictures that the service keeps of it, and whether it is read.

import { button, make } from "./dom.js";
import { words } from "./language.js";
import { ask, Failure } from "./request.js";
import { trouble } from "./trouble.js";

const dialog = document.querySelector("#viewer");

export function openStudy(study, { mark, closed }) {
  const pictures = make("div", { className: "study-pictures", tabIndex: 0, role: "group", "aria-label": words.films });
  const gone = new AbortController();
  const act = study.read_at ? words.markUnread : words.markRead;
  const fault = make("div", {});
  const marked = async () => {
    try {
      await mark();
      dialog.close();
    } catch (error) {
      fault.replaceChildren(trouble(error));
      if (!(error instanceof Failure)) throw error;
    }
  };
  dialog.replaceChildren(
    make("header", { className: "viewer-head" },
      make("h2", { id: "viewer-title" }, study.priority.message),
      button(act, marked),
      button(words.close, () => dialog.close(), { symbol: "cross" })),
    pictures,
    make("div", {}, fault, make("p", { className: "hint" }, `${words.study} ${study.study_instance_uid}`)),
  );
  dialog.addEventListener("close", () => {
    gone.abort();
    dialog.replaceChildren();
    closed();
  }, { once: true });
  dialog.showModal();
  draw(study.pictures, pictures, gone.signal);
}

async function draw(addresses, place, signal) {
  if (!addresses.length) return place.append(make("p", {}, words.noPictures));
  for (const [index, address] of addresses.entries()) {
    try {
      // Asked for with the key, which an image of the page would not send.
      const picture = URL.createObjectURL(await ask("GET", address, (response) => response.blob()));
      signal.addEventListener("abort", () => URL.revokeObjectURL(picture));
      if (signal.aborted) return;
      place.append(make("img", { src: picture, alt: words.studyPicture(index + 1, addresses.length) }));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      place.append(trouble(error));
    }
  }
}
