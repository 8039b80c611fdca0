import { requireWaitOptions, type WaitOptions } from "../channel/wait.js";
import type { NetworkLink } from "../netlink/link.js";
import { waitForLink } from "../netlink/wait-link.js";

/**
 * Waits until the interface of the other cell is up, too, so that packets arrive there. The interface need not be there yet.
 *
 * @param name - The own interface.
 * @throws IntercellError `ERR_TIMEOUT`, whose message says what is missing: the interface, that it is up, or the peer.
 */
export async function waitForPeer(name: string, options: WaitOptions = {}): Promise<void> {
  requireWaitOptions("waitForPeer", options);
  await waitForLink(
    name,
    ({ up, carrier }) => up && carrier,
    (link) => `${name} did not reach its peer in ${options.timeoutMs} ms: ${explain(name, link)}`,
    options,
  );
}

function explain(name: string, link: NetworkLink | undefined): string {
  if (link === undefined) {
    return `there is no interface ${name} in this network namespace. Is Jailhouse enabled, and ivshmem-net loaded (modprobe ivshmem-net)?`;
  }
  if (!link.up) return `${name} is down. Take it up: intercell net up ${name}`;
  const seen =
    link.carrierChanges === undefined || link.carrierChanges <= 1 ? "" : " It was there before and went away.";
  return `the other side is not ready.${seen} Is its cell running (jailhouse cell list), and its interface up?`;
}
