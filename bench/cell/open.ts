import type { Link } from "intercell/channel";
import { openShm, type ShmNode, type ShmNodeOptions } from "intercell/shm";
import { openSim } from "intercell/sim";

/** Time for the other cells to appear, in milliseconds: on a busy machine a process takes long to start. */
export const READY_TIMEOUT_MS = 60_000;

/** Opens the device of the machine that the environment names. */
export async function openCell(options: ShmNodeOptions): Promise<ShmNode> {
  return openShm(await openSim(), options);
}

/** Aborts when a session of the link has ended; not while the peer only gets no time, as it may on a busy machine. */
export function sessionEnd(link: Link): AbortSignal {
  const ended = new AbortController();
  link.events.on("down", ({ resumable }) => {
    if (!resumable) ended.abort();
  });
  return ended.signal;
}

/** One turn of the event loop, in which heartbeats and timers have their time. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Polls between two looks at whether it is over. */
const POLLS_PER_LOOK = 16;

/** Polls without a message, and messages, before the event loop gets a turn: about a millisecond. */
const POLLS_PER_TURN = 8192;
const MESSAGES_PER_TURN = 32_768;

/** Polls without pause, as one who waits by spinning does, until `done`. */
export async function spin(node: ShmNode, done: () => boolean): Promise<void> {
  while (!done()) {
    let handled = 0;
    for (let polls = 0; polls < POLLS_PER_TURN && handled < MESSAGES_PER_TURN; polls += POLLS_PER_LOOK) {
      for (let poll = 0; poll < POLLS_PER_LOOK; poll += 1) handled += node.poll();
      if (done()) break;
    }
    await turn();
  }
}

/** Waits for a channel: polls in the turns of the event loop, as a node that waits manually needs. */
export async function waitReady(node: ShmNode, ready: Promise<void>): Promise<void> {
  let over = false;
  const settled = ready.finally(() => {
    over = true;
  });
  settled.catch(() => undefined);
  while (!over) {
    node.poll();
    await turn();
  }
  await settled;
}
