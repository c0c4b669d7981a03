// Whose turn it is: at most two requests at once, the others wait in their order.

import { Problem } from "./request.js";

const PLACES = 2;
const DEFAULT_WAIT = 5;

let taken = 0;
const waiting = [];

// Does `send` when there is a place; while the service is overloaded, waits as long as it asks for,
// telling `onwait` the problem and the seconds that are left, and sends again.
export async function inTurn(send, signal, onwait) {
  await place(signal);
  try {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 503) throw error;
        await countdown(error.retryAfter ?? DEFAULT_WAIT, signal, (left) => onwait(error, left));
      }
    }
  } finally {
    taken -= 1;
    waiting.shift()?.();
  }
}

async function place(signal) {
  while (taken >= PLACES) await new Promise((resolve) => waiting.push(resolve));
  taken += 1;
  if (!signal.aborted) return;
  taken -= 1;
  waiting.shift()?.();
  throw signal.reason;
}

function countdown(seconds, signal, tell) {
  return new Promise((resolve, reject) => {
    let left = seconds;
    const end = (settle, value) => {
      clearInterval(timer);
      signal.removeEventListener("abort", stop);
      settle(value);
    };
    const stop = () => end(reject, signal.reason);
    const timer = setInterval(() => {
      left -= 1;
      if (left <= 0) end(resolve);
      else tell(left);
    }, 1000);
    signal.addEventListener("abort", stop, { once: true });
    tell(left);
  });
}
