// Waits for a service that does not answer to come back.

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

let failures = 0;
let waiting = null;

// To be told of each answer: the next wait then begins short again.
export function reached() {
  failures = 0;
}

// Resolves once the service is ready; all who wait share one poll, which becomes slower.
export function back(signal) {
  waiting ??= polled().finally(() => (waiting = null));
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    waiting.then(resolve, reject);
  });
}

async function polled() {
  do {
    await pause(Math.min(LONGEST_MS, FIRST_MS * 2 ** failures));
    failures += 1;
  } while (!(await ready()));
}

function ready() {
  return fetch("health/ready").then(({ ok }) => ok, () => false);
}

// Ends early when the browser finds its network again.
function pause(milliseconds) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener("online", end);
  });
}
