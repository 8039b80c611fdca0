/** Receives as peer 0 what the senders send, for a while, then closes. */
import { type Link, openChannel } from "intercell/channel";
import { watchHeap } from "../cell/heap.js";
import { openCell, READY_TIMEOUT_MS, spin, turn, waitReady } from "../cell/open.js";
import type { ReceiveOptions, ReceiveResult } from "../cell/traffic.js";
import { programOptions, report } from "../child.js";
import { blobProtocol, readSample, sampleProtocol } from "../message.js";

/** What the listeners count, by sender. */
interface Tally {
  received: number;
  sum: number;
}

function listen(link: Link, options: ReceiveOptions, tally: Tally): Promise<void>[] {
  return Array.from({ length: options.channels }, (_, index) => {
    const name = `bench ${index}`;
    if (options.mode === "raw" || options.mode === "run") {
      const channel = openChannel(link, blobProtocol(options.sizeBytes), { name });
      if (options.mode === "raw") {
        channel.onRaw("blob", (memory, offset) => {
          tally.received += 1;
          tally.sum += memory.getUint8(offset);
        });
      } else {
        channel.onRun("blob", (memory, offset, _, stride, count) => {
          tally.received += count;
          for (let index = 0; index < count; index += 1) tally.sum += memory.getUint8(offset + index * stride);
        });
      }
      return channel.ready({ timeoutMs: READY_TIMEOUT_MS });
    }
    const channel = openChannel(link, sampleProtocol, { name });
    if (options.mode === "view" || options.mode === "read") {
      channel.onView("sample", (fields) => {
        tally.received += 1;
        tally.sum += readSample(fields);
      });
    } else {
      channel.messages.on("sample", (sample) => {
        tally.received += 1;
        tally.sum += readSample(sample);
      });
    }
    return channel.ready({ timeoutMs: READY_TIMEOUT_MS });
  });
}

async function main(options: ReceiveOptions): Promise<void> {
  const { senders, wait, warmupMs, windowMs, heapMessages } = options;
  const node = await openCell({ wait });
  const links = senders.map((peer) => node.link(peer));
  const tallies = links.map((): Tally => ({ received: 0, sum: 0 }));
  const readies = links.flatMap((link, index) => listen(link, options, tallies[index] as Tally));
  await waitReady(
    node,
    Promise.all(readies).then(() => undefined),
  );
  // Asked between polls: it allocates nothing.
  const total = () => {
    let sum = 0;
    for (const tally of tallies) sum += tally.received;
    return sum;
  };
  const until = (done: () => boolean) => (wait === "manual" ? spin(node, done) : wakeful(done));
  const rung = () => links.reduce((sum, link) => sum + link.statistics.doorbellsRung, 0);
  const passed = (durationMs: number) => {
    const end = performance.now() + durationMs;
    return () => performance.now() >= end;
  };
  let bytesPerMessage: number | undefined;
  if (heapMessages > 0) {
    const advance = (messages: number) => {
      const end = total() + messages;
      return until(() => total() >= end);
    };
    await advance(2 * heapMessages);
    bytesPerMessage = await watchHeap(heapMessages, advance, total);
  }
  await until(passed(warmupMs));
  const before = tallies.map(({ received }) => received);
  const rungBefore = rung();
  const begin = performance.now();
  await until(passed(windowMs));
  const seconds = (performance.now() - begin) / 1000;
  const result: ReceiveResult = {
    perSecond: tallies.map(({ received }, index) => (received - (before[index] ?? 0)) / seconds),
    doorbellsRung: rung() - rungBefore,
    sum: tallies.reduce((sum, tally) => sum + tally.sum, 0),
  };
  node.close();
  report(bytesPerMessage === undefined ? result : { ...result, bytesPerMessage });
}

/** Leaves all to the event loop until `done`. */
async function wakeful(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 10));
  await turn();
}

await main(programOptions<ReceiveOptions>());
