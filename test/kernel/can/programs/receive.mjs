// Receives frames by this package: receive.mjs <interface> <frames>. Prints "ready", then the CPU time that they cost.
import { openSocketCan } from "../../../../dist/can/index.js";

const [name, frames] = [process.argv[2], Number(process.argv[3])];
const bus = await openSocketCan(name, { receiveBufferBytes: 64 << 20 });
let before;
let count = 0;
bus.listen(() => {
  before ??= process.cpuUsage();
  count++;
  if (count < frames) return;
  const { user, system } = process.cpuUsage(before);
  const { droppedFrames } = bus.statistics;
  process.stdout.write(`${JSON.stringify({ frames: count, droppedFrames, cpuUs: user + system })}\n`);
  process.exit(0);
});
process.stdout.write("ready\n");
