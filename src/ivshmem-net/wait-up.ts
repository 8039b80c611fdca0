import { Deadline, requireWaitOptions, type WaitOptions } from "../channel/wait.js";
import type { TypedEmitter } from "../emitter.js";
import type { IntercellError } from "../errors.js";

/** What can be waited for. */
export interface Upcoming {
  readonly name: string;
  readonly up: boolean;
  readonly closed: boolean;
  readonly events: TypedEmitter<{ up: () => void; close: () => void }>;
}

/** Resolves once a link is up; see {@link IvshmemNet.ready}. */
export function waitUp(
  net: Upcoming,
  options: WaitOptions,
  explain: () => string,
  closed: () => IntercellError,
): Promise<void> {
  requireWaitOptions("ready", options);
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) return reject(options.signal.reason);
    if (net.up) return resolve();
    if (net.closed) return reject(closed());
    const settle = (finish: () => void) => {
      deadline.stop();
      net.events.off("up", onUp);
      net.events.off("close", onClose);
      finish();
    };
    const onUp = () => settle(resolve);
    const onClose = () => settle(() => reject(closed()));
    const late = () => `${net.name} was not up within ${options.timeoutMs} ms: ${explain()}`;
    const deadline = new Deadline(options, (reason) => settle(() => reject(reason)), late);
    net.events.on("up", onUp);
    net.events.on("close", onClose);
  });
}
