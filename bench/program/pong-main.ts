/** Returns what peer 0 sends until that closes the link. */
import { openChannel } from "intercell/channel";
import { openCell, READY_TIMEOUT_MS, sessionEnd, spin, waitReady } from "../cell/open.js";
import type { TripOptions } from "../cell/trips.js";
import { programOptions } from "../child.js";
import { makeSample, sampleProtocol } from "../message.js";

async function main({ wait, ringAlways }: TripOptions): Promise<void> {
  const node = await openCell({ wait, peers: [0] });
  const link = node.link(0);
  const ended = sessionEnd(link);
  const channel = openChannel(link, sampleProtocol);
  const sender = channel.sender("sample");
  channel.messages.on("sample", (sample) => {
    const answer = makeSample(sample.sequence);
    // There is no room only if the peer got no time for so long that it counts as stalled.
    if (!sender.trySend(answer)) sender.send(answer).catch(() => undefined);
    channel.flush();
    if (ringAlways) node.device.ring(0);
  });
  await waitReady(node, channel.ready({ timeoutMs: READY_TIMEOUT_MS }));
  if (wait === "manual" && !ringAlways) await spin(node, () => ended.aborted);
  else if (!ended.aborted) await new Promise((resolve) => ended.addEventListener("abort", resolve));
  node.close();
}

await main(programOptions<TripOptions>());
