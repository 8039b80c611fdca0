import { createInterface } from "node:readline";
import {
  dataFrame,
  formatFrame,
  openVirtualCan,
  standardId,
  type VirtualCan,
  type VirtualCanOptions,
} from "../../../src/can/index.js";

/*
 * A process on a virtual bus, driven by lines of JSON on its standard input:
 *
 *   ["open", name, options]   reports open, then frame for each frame heard and status for each change
 *   ["quiet", name, options]  reports open, and hears without a word
 *   ["send", id, count]       sends so many frames that count up, confirmed at the end; reports sent
 *   ["block", ms]             blocks the event loop; reports blocked before and unblocked after
 *   ["statistics"]            reports statistics
 *   ["close"]
 */
let can: VirtualCan | undefined;

function report(...values: readonly unknown[]): void {
  process.stdout.write(`${JSON.stringify(values)}\n`);
}

async function open(name: string, options: VirtualCanOptions, quiet: boolean): Promise<void> {
  const opened = await openVirtualCan(name, options);
  can = opened;
  opened.events.on("status", (status) => report("status", status));
  opened.events.on("dropped", (count, total) => report("dropped", count, total));
  opened.listen(({ frame, origin }) => {
    if (!quiet) report("frame", formatFrame(frame), origin);
  });
  report("open", opened.node);
}

async function send(id: number, count: number): Promise<void> {
  const bytes = new DataView(new ArrayBuffer(4));
  for (let number = 0; number < count; number += 1) {
    bytes.setUint32(0, number);
    const frame = dataFrame(standardId(id), new Uint8Array(bytes.buffer.slice(0)));
    if (number === count - 1) await can?.sendConfirmed(frame);
    else await can?.send(frame);
  }
  report("sent", count);
}

async function obey([verb, first, second]: readonly unknown[]): Promise<void> {
  switch (verb) {
    case "open":
    case "quiet":
      await open(String(first), second as VirtualCanOptions, verb === "quiet");
      break;
    case "send":
      await send(Number(first), Number(second));
      break;
    case "block":
      report("blocked");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(first));
      report("unblocked");
      break;
    case "statistics":
      report("statistics", can?.statistics);
      break;
    case "close":
      can?.close();
      break;
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  obey(JSON.parse(line) as unknown[]).catch((error: unknown) => report("fault", String(error)));
});
report("ready");
