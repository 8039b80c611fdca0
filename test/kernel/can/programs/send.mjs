// Sends frames by this package as fast as they are taken, twice: send.mjs <interface> <frames>. Prints how long the second
// time took.
import { once } from "node:events";
import { dataFrame, openSocketCan, standardId } from "../../../../dist/can/index.js";

const BATCH = 64;
const [name, frames] = [process.argv[2], Number(process.argv[3])];
const bus = await openSocketCan(name, { ownFrames: false, filters: [] });
const batch = Array.from({ length: BATCH }, (_, index) => dataFrame(standardId(0x100 + index), new Uint8Array(8)));
await sendAll();
const begin = performance.now();
await sendAll();
process.stdout.write(`${JSON.stringify({ ms: performance.now() - begin, ...bus.statistics })}\n`);
bus.close();

async function sendAll() {
  for (let sent = 0; sent < frames; ) {
    const wanted = frames - sent < BATCH ? batch.slice(0, frames - sent) : batch;
    const taken = bus.trySendAll(wanted);
    sent += taken;
    if (taken < wanted.length) await once(bus.events, "room");
  }
}
