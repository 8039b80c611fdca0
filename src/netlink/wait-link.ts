import { Deadline, requireWaitOptions, type WaitOptions } from "../channel/wait.js";
import { ErrorCode, IntercellError } from "../errors.js";
import type { NetworkLink } from "./link.js";
import { type LinkWatcher, openLinkWatcher } from "./watcher.js";

/**
 * Waits until the network interface of a name is as wanted. It need not be there yet, and may go and come back.
 *
 * @param late - Says what is missing, of the interface as it is or of its absence; the message of an `ERR_TIMEOUT`.
 */
export async function waitForLink(
  name: string,
  isWanted: (link: NetworkLink) => boolean,
  late: (link: NetworkLink | undefined) => string,
  options: WaitOptions = {},
): Promise<NetworkLink> {
  requireWaitOptions("waitForLink", options);
  options.signal?.throwIfAborted();
  const watcher = openLinkWatcher();
  const find = () => [...watcher.links.values()].find((link) => link.name === name);
  const now = find();
  if (now !== undefined && isWanted(now)) {
    watcher.close();
    return now;
  }
  return await new Promise<NetworkLink>((resolve, reject) => {
    const deadline = new Deadline(options, give(reject), () => late(find()));
    const look = (link: NetworkLink): void => {
      if (link.name === name && isWanted(link)) give(resolve)(link);
    };
    function give<T>(settle: (value: T) => void): (value: T) => void {
      return (value) => {
        deadline.stop();
        endWatch(watcher);
        settle(value);
      };
    }
    watcher.events.on("added", look);
    watcher.events.on("changed", look);
    watcher.events.on("error", give(reject));
    watcher.events.on("close", () =>
      give(reject)(new IntercellError(ErrorCode.CLOSED, `The watch on the network interface ${name} was closed`)),
    );
  });
}

/** Without the events that its end would cause. */
function endWatch(watcher: LinkWatcher): void {
  watcher.events.removeAllListeners();
  watcher.close();
}
