// One request to the service: its answer, or what went wrong as an error.

import { language } from "./language.js";
import { credentials, signedIn } from "./signin.js";

// What may go wrong without the page being at fault.
export class Failure extends Error {}

// The service answered with a problem of RFC 9457.
export class Problem extends Failure {
  constructor(said, status, retryAfter) {
    super(said.title);
    this.slug = said.type?.split("/problems/")[1] ?? "";
    this.said = said;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

// No answer came.
export class Offline extends Failure {}

// The file is not sent: it cannot be read, is too large, or of a kind that the service does not read.
export class Unsent extends Failure {
  constructor(slug, facts = {}) {
    super(slug);
    this.slug = slug;
    this.facts = facts;
  }
}

// Whether the service was not there to be asked, nor anything before it that knows of it.
export function unreachable(error) {
  return error instanceof Offline || (error instanceof Problem && [502, 504].includes(error.status) && !error.slug);
}

// Resolves to a Blob. The file goes as the body itself, so that its name stays on this computer.
// XMLHttpRequest, as fetch does not tell how much of an upload has left.
export function post(path, body, options) {
  return signedIn(() => send(path, body, options));
}

// Resolves to what JSON says.
export function get(path) {
  return ask("GET", path);
}

// Resolves to what `read` takes from the response.
export function ask(method, path, read = (response) => (response.status === 204 ? null : response.json())) {
  return signedIn(async () => {
    const headers = { "Accept-Language": language, ...credentials() };
    const response = await fetch(path, { method, headers }).catch(() => {
      throw new Offline();
    });
    if (!response.ok) throw new Problem(await response.json().catch(() => ({})), response.status, null);
    return read(response);
  });
}

function send(path, body, { signal, type = "application/octet-stream", accept, reference, onprogress, onanswer }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "blob";
    request.setRequestHeader("Accept-Language", language);
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("Accept", accept ?? "application/json");
    for (const [name, value] of Object.entries(credentials())) request.setRequestHeader(name, value);
    if (reference) request.setRequestHeader("X-Reference", reference);
    if (onprogress) {
      request.upload.onprogress = ({ loaded, total }) => onprogress(loaded / total);
      request.upload.onload = () => onprogress(1);
    }
    const stop = () => request.abort();
    signal.addEventListener("abort", stop, { once: true });
    request.onloadend = () => signal.removeEventListener("abort", stop);
    request.onabort = () => reject(signal.reason);
    request.onerror = async () => reject((await readable(body)) ? new Offline() : new Unsent("unreadable-file"));
    request.onload = async () => {
      if (request.status < 300) {
        onanswer?.((name) => request.getResponseHeader(name));
        resolve(request.response);
      } else reject(await problemOf(request));
    };
    request.send(body);
  });
}

// A file may have been moved or unplugged since it was chosen: that looks like a lost connection.
async function readable(body) {
  if (!(body instanceof Blob)) return true;
  return body.slice(0, 1).arrayBuffer().then(() => true, () => false);
}

async function problemOf(request) {
  const retryAfter = Number(request.getResponseHeader("Retry-After")) || null;
  let said = {};
  try {
    said = JSON.parse(await request.response.text());
  } catch {
    // Something between here and the service has answered in words of its own.
  }
  return new Problem(said, request.status, retryAfter);
}

export async function json(blob) {
  return JSON.parse(await blob.text());
}
