/**
 * The TypeScript cell as a process of a simulated machine, which the environment names, or with the argument `uio` on a device
 * of the kernel, whose PCI address is its first line of input. A further argument is what it promises of its heartbeat, in
 * milliseconds.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { openSim } from "../../src/sim/index.js";
import { type IvshmemDevice, openUio } from "../../src/uio/index.js";
import type { Entry } from "./cell.js";
import { TypeScriptCell } from "./typescript-cell.js";

const FALLBACK_POLL_MS = 20;

function print(...entry: Entry): void {
  process.stdout.write(`${JSON.stringify(entry)}\n`);
}

const lines = createInterface({ input: process.stdin }).on("close", () => process.exit());

async function openDevice(): Promise<IvshmemDevice> {
  if (process.argv[2] !== "uio") return await openSim({ fallbackPollMs: FALLBACK_POLL_MS });
  const [address] = await once(lines, "line");
  return await openUio(String(address), { fallbackPollMs: FALLBACK_POLL_MS });
}

const heartbeatMs = Number(process.argv[3] ?? 100);
const cell = new TypeScriptCell(await openDevice(), print, { heartbeatMs });
lines.on("line", (line) => {
  const [name = "", ...numbers] = line.split(" ");
  print("done", cell.run(name, numbers.map(Number)));
});
print("ready");
