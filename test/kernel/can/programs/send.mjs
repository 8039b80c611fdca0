// Sends frames by this package as fast as they are taken: send.mjs <interface> <frames>. Prints how long it took.
import { once } from "node:events";
import { dataFrame, openSocketCan, standardId } from "../../../../dist/can/index.js";

const BATCH = 64;
const [name, frames] = [process.argv[2], Number(process.argv[3])];
const bus = await openSocketCan(name, { ownFrames: false, filters: [] });
const batch = Array.from({ length: BATCH }, (_, index) => dataFrame(standardId(0x100 + index), new Uint8Array(8)));
const begin = performance.now();
for (let sent = 0; sent < frames; ) {
  const wanted = batch.slice(0, Math.min(BATCH, frames - sent));
  const taken = bus.trySendAll(wanted);
  sent += taken;
  if (taken < wanted.length) await once(bus.events, "room");
}
process.stdout.write(`${JSON.stringify({ frames: bus.statistics.sentFrames, ms: performance.now() - begin })}\n`);
bus.close();
