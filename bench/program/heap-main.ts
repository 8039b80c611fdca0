/** The heap of links: both ends of several devices are opened in this process. Wants --expose-gc. */
import { getHeapStatistics } from "node:v8";
import { openChannel } from "intercell/channel";
import { openShm } from "intercell/shm";
import { startMachine } from "intercell/sim";
import { collectGarbage } from "../cell/heap.js";
import { READY_TIMEOUT_MS } from "../cell/open.js";
import { report } from "../child.js";
import { readSample, sampleProtocol } from "../message.js";

const DEVICES = 8;

interface Heap {
  readonly heapBytes: number;
  readonly externalBytes: number;
}

function look(): Heap {
  collectGarbage();
  return { heapBytes: getHeapStatistics().used_heap_size, externalBytes: process.memoryUsage().external };
}

const devices = Array.from({ length: DEVICES + 1 }, () => ({ peers: 2, rwBytes: 0 }));
const cells = [0, 1].map((id) => ({ name: `cell-${id}`, cpus: String(id) }));
await using machine = await startMachine({ devices, cells });

async function openPair(device: number): Promise<void> {
  const channels = await Promise.all(
    [0, 1].map(async (peer) => {
      const node = openShm(await machine.openDevice({ peer, device }));
      const channel = openChannel(node.link(1 - peer), sampleProtocol);
      channel.messages.on("sample", (sample) => readSample(sample));
      return channel;
    }),
  );
  await Promise.all(channels.map((channel) => channel.ready({ timeoutMs: READY_TIMEOUT_MS })));
}

// The first pair loads and compiles what all links share.
await openPair(0);
const before = look();
for (let device = 1; device <= DEVICES; device += 1) await openPair(device);
const after = look();
const ends = 2 * DEVICES;
report({
  heapBytes: (after.heapBytes - before.heapBytes) / ends,
  externalBytes: (after.externalBytes - before.externalBytes) / ends,
});
