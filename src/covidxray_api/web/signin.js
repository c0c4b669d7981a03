// Who asks: an API key, kept in the memory of this tab and nowhere else.

import { button, labelled, make } from "./dom.js";
import { words } from "./language.js";

let key = null;
let asking = null;

export function credentials() {
  return key === null ? {} : { Authorization: `Bearer ${key}` };
}

// Sends a request; where the service wants to know who asks, once more with the key that is given.
export async function signedIn(send) {
  for (;;) {
    const used = key;
    try {
      return await send();
    } catch (error) {
      if (error.slug !== "unauthenticated") throw error;
      // Another request may have asked for a key meanwhile.
      if (key !== used) continue;
      asking ??= ask(used !== null).finally(() => (asking = null));
      if (!(await asking)) throw error;
    }
  }
}

// Resolves to whether a key was given.
function ask(refused) {
  const field = make("input", { type: "password", required: true, pattern: "\\s*[!-~]+\\s*", autocomplete: "off" });
  const cancel = button(words.cancel, () => dialog.close(), { kind: "quiet" });
  const form = make("form", {},
    make("h2", { id: "signin-title" }, words.signIn),
    make("p", {}, words.signInWhy),
    refused ? make("p", { className: "box refusal", role: "alert" }, words.keyRefused) : null,
    make("div", { className: "field" }, labelled(words.apiKey, field), make("p", { className: "hint" }, words.keyKept)),
    make("div", { className: "row" }, make("button", { type: "submit", className: "button primary" }, words.signIn), cancel),
  );
  const dialog = make("dialog", { id: "signin", "aria-labelledby": "signin-title" }, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    key = field.value.trim();
    dialog.close("given");
  });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "given");
    });
  });
}
