// Whose turn it is: at most two requests at once, the others wait in their order.

import { back, reached } from "./recovery.js";
import { Problem, unreachable } from "./request.js";

const PLACES = 2;
const DEFAULT_WAIT = 5;
// Too Many Requests, and Service Unavailable.
const BUSY = [429, 503];

let taken = 0;
const waiting = [];

// Does `send` when there is a place, before the others if it is urgent. While the service is
// overloaded, waits as long as it asks for, telling `onbusy` the problem and the seconds that are
// left, and sends again; while it does not answer, tells `onlost`, waits for it to come back, and
// sends again.
export async function inTurn(send, signal, { onbusy = () => {}, onlost = () => {}, urgent = false } = {}) {
  await place(signal, urgent);
  try {
    for (;;) {
      try {
        const answer = await send();
        reached();
        return answer;
      } catch (error) {
        if (unreachable(error)) {
          onlost(error);
          await back(signal);
        } else if (error instanceof Problem && BUSY.includes(error.status)) {
          await countdown(error.retryAfter ?? DEFAULT_WAIT, signal, (left) => onbusy(error, left));
        } else throw error;
      }
    }
  } finally {
    free();
  }
}

async function place(signal, urgent) {
  if (taken >= PLACES) await new Promise((resolve) => (urgent ? waiting.unshift(resolve) : waiting.push(resolve)));
  else taken += 1;
  if (!signal.aborted) return;
  free();
  throw signal.reason;
}

// Whoever waits first takes the place over.
function free() {
  const next = waiting.shift();
  if (next) next();
  else taken -= 1;
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
