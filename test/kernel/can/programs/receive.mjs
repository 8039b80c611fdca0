// Receives frames by this package: receive.mjs <interface> <frames> [<gatherMs>]. Prints "ready", and a line with the count and
// the drops each time that so many frames are there.
import { openSocketCan } from "../../../../dist/can/index.js";

const [name, frames, gatherMs] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4] ?? 0)];
const bus = await openSocketCan(name, { receiveBufferBytes: 64 << 20, gatherMs });
let count = 0;
bus.listen(() => {
  if (++count % frames === 0) process.stdout.write(`${count} ${bus.statistics.droppedFrames}\n`);
});
process.stdout.write("ready\n");
