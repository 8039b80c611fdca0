import { setImmediate as turn } from "node:timers/promises";

/** Turns of the event loop after which a condition is given up; each may wait for real I/O of another process. */
const GIVE_UP_MS = 10_000;

/** Lets the event loop turn until `condition` holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUp = performance.now() + GIVE_UP_MS;
  while (!condition()) {
    if (performance.now() > giveUp) throw new Error(`Waited in vain until ${what}`);
    await turn();
  }
}

/** Lets the event loop turn some times, so that whatever is on its way in this process arrives. */
export async function turns(count = 20): Promise<void> {
  for (let index = 0; index < count; index++) await turn();
}
