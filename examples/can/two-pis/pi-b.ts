import { openCan } from "intercell/can";
import { openChannel } from "intercell/channel";
import { openBus, PI_A, PI_B, station } from "./station.js";

const READINGS = 20;

using bus = await openBus();
using node = openCan(bus, { node: PI_B });
await using channel = openChannel(node.link(PI_A), station);

console.log(`Pi B waits for Pi A on ${bus.name}`);
await channel.ready();
let lastNumber = 0;
let count = 0;
for await (const reading of channel.receive("reading")) {
  console.log(`reading ${reading.number}: ${reading.lateUs} µs late`);
  lastNumber = reading.number;
  count += 1;
  if (count === READINGS) break;
}

const { newer, worstUs } = await channel.request("statistics", { lastNumber });
console.log(`Pi A has ${newer} more, the worst of all was ${worstUs} µs late`);
