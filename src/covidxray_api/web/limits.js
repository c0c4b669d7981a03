// What the service takes.

let asked = null;

// Empty while the service does not tell: it then judges each file itself.
export function limits() {
  asked ??= fetch("page-settings")
    .then((response) => (response.ok ? response.json() : {}))
    .catch(() => {
      asked = null;
      return {};
    });
  return asked;
}
