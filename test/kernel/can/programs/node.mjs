// One of two nodes on a bus: node.mjs <interface> <own id> <frames> <frames a second>
// Sets its controller up, sends numbered frames at a pace, hears those of the other, and prints as JSON what became of them.
import {
  configureCanInterface,
  dataFrame,
  describeCanInterface,
  idBits,
  openSocketCan,
  standardId,
} from "../../../../dist/can/index.js";

const TURN_MS = 5;
const BIT_RATE = 500_000;
const [name, ownId, frames, rate] = [process.argv[2], ...process.argv.slice(3).map(Number)];

configureCanInterface(name, { bitRate: BIT_RATE, samplePoint: 0.875, up: true });
const bus = await openSocketCan(name);
const heard = { frames: 0, outOfOrder: 0, last: -1 };
bus.listen(({ frame, origin }) => {
  if (origin !== "remote" || frame.kind !== "data" || idBits(frame.id) === ownId) return;
  const number = new DataView(frame.data.buffer, frame.data.byteOffset).getUint32(0);
  if (number !== heard.last + 1) heard.outOfOrder++;
  heard.last = number;
  heard.frames++;
});
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));

const begin = performance.now();
for (let sent = 0; sent < frames; ) {
  const due = Math.min(frames, Math.ceil(((performance.now() - begin) / 1000) * rate));
  // Each is on the other controller before the next: those hold a few frames only. So a late machine may catch up.
  while (sent < due) {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setUint32(0, sent++);
    await bus.sendConfirmed(dataFrame(standardId(ownId), data));
  }
  await new Promise((resolve) => setTimeout(resolve, TURN_MS));
}
const seconds = (performance.now() - begin) / 1000;
// The other may be slower.
const giveUp = performance.now() + 15_000;
let before = -1;
while (heard.last < frames - 1 && (performance.now() < giveUp || heard.last > before)) {
  before = heard.last;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
const { bitTiming } = describeCanInterface(name).controller;
process.stdout.write(`${JSON.stringify({ heard, statistics: bus.statistics, bitTiming, seconds })}\n`);
bus.close();
process.exit(0);
