/**
 * Sends numbered messages to the peer and notes what comes from it, until it is killed or told `stop`, then `close`. Arguments: interface,
 * options of the link, number of this life, path of its ledger.
 */
import { createInterface } from "node:readline";
import { defineProtocol, openChannel } from "../../../../src/channel/index.js";
import { type NetLinkOptions, openNetLink } from "../../../../src/ivshmem-net/index.js";
import { bytes, struct, u32 } from "../../../../src/schema/index.js";
import { NetLedger } from "../ledger.js";

const MAX_FILL_BYTES = 200;
const Item = struct("Item", { life: u32, number: u32, fill: bytes(MAX_FILL_BYTES) });
const Items = defineProtocol("items", {
  messages: { item: Item },
  topics: { newest: struct("Newest", { number: u32 }) },
});

/** Messages between two looks at what the peer has taken. */
const BATCH = 32;

const [, , interfaceName = "", options = "", lifeText = "", path = ""] = process.argv;
const life = Number(lifeText);
const report = (...event: unknown[]) => process.stdout.write(`${JSON.stringify(event)}\n`);
const ledger = new NetLedger(path);
const link = openNetLink(interfaceName, JSON.parse(options) as NetLinkOptions);
link.events.on("up", ({ resumed }) => {
  if (!resumed) ledger.add(2, 1);
  report("up", resumed);
});
link.events.on("down", ({ reason, resumable, lost }) => {
  if (!resumable) {
    ledger.add(3, 1);
    ledger.add(4, lost);
  }
  report("down", reason, resumable, lost);
});
link.events.on("error", (error) => report("error", error.message));

const channel = openChannel(link, Items);
channel.messages.on("item", ({ life: sender, number, fill }) => {
  const whole = fill.length === number % MAX_FILL_BYTES && fill.every((byte) => byte === (number & 0xff));
  const wrong = whole ? ledger.receive(sender, number) : `Message ${number} of life ${sender} is not whole`;
  if (wrong !== undefined) report("fault", wrong);
});

let stopped = false;
createInterface({ input: process.stdin }).on("line", (line) => {
  if ((JSON.parse(line) as [string])[0] === "stop") stopped = true;
  else {
    link.close();
    process.stdin.destroy();
  }
});

/** All that was committed by then is taken, or the session has ended. */
async function drain(): Promise<boolean> {
  try {
    await channel.drain();
    return true;
  } catch {
    return false;
  }
}

for (let number = 0; !stopped; number++) {
  const fill = new Uint8Array(number % MAX_FILL_BYTES).fill(number);
  await channel.send("item", { life, number, fill });
  channel.publish("newest", { number });
  ledger.note(0, number + 1);
  if ((number + 1) % BATCH === 0 && (await drain())) ledger.note(1, number + 1);
  await new Promise((resolve) => setImmediate(resolve));
}
if (await drain()) report("stopped");
