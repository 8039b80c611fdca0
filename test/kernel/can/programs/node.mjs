// One of two nodes on a bus: node.mjs <interface> <own id> <frames> <frames a second>
// Sends numbered frames at a pace, hears those of the other, and prints as JSON what became of them.
import { dataFrame, idBits, openSocketCan, standardId } from "../../../../dist/can/index.js";

const TURN_MS = 5;
const [name, ownId, frames, rate] = [process.argv[2], ...process.argv.slice(3).map(Number)];

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
  // What a busy machine is late with is not made up for in one go: the controllers hold a few frames only.
  for (const end = Math.min(due, sent + 1); sent < end; sent++) {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setUint32(0, sent);
    await bus.sendConfirmed(dataFrame(standardId(ownId), data));
  }
  await new Promise((resolve) => setTimeout(resolve, TURN_MS));
}
// The other may be slower.
const giveUp = performance.now() + 15_000;
while (heard.last < frames - 1 && performance.now() < giveUp)
  await new Promise((resolve) => setTimeout(resolve, TURN_MS));
process.stdout.write(`${JSON.stringify({ heard, statistics: bus.statistics })}\n`);
bus.close();
process.exit(0);
