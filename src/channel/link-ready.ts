import { ErrorCode, IntercellError } from "../errors.js";
import type { Link } from "./link.js";
import { Deadline, requireWaitOptions, type WaitOptions } from "./wait.js";

/**
 * Resolves once a link is up. What every link's `ready` does.
 *
 * @param explain says why it is not up yet, for the message of the timeout.
 * @throws IntercellError `ERR_TIMEOUT`, or `ERR_CLOSED` if the link closes first; the signal's reason.
 */
export function waitForLink(link: Link, options: WaitOptions, explain: () => string): Promise<void> {
  requireWaitOptions("ready", options);
  const closed = () => new IntercellError(ErrorCode.CLOSED, `The link to ${link.name} is closed; open it again`);
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) {
      reject(options.signal.reason);
      return;
    }
    if (link.status === "up") {
      resolve();
      return;
    }
    if (link.status === "closed") {
      reject(closed());
      return;
    }
    const settle = (finish: () => void) => {
      deadline.stop();
      link.events.off("up", onUp);
      link.events.off("close", onClose);
      finish();
    };
    const onUp = () => settle(resolve);
    const onClose = () => settle(() => reject(closed()));
    const deadline = new Deadline(
      options,
      (reason) => settle(() => reject(reason)),
      () => `The link to ${link.name} did not come up within ${options.timeoutMs} ms: ${explain()}`,
    );
    link.events.on("up", onUp);
    link.events.on("close", onClose);
  });
}
