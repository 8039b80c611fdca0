import { openCan } from "intercell/can";
import { openChannel } from "intercell/channel";
import { openBus, PI_A, PI_B, station } from "./station.js";

const PERIOD_MS = 100;

const bus = await openBus();
const node = openCan(bus, { node: PI_A });
const channel = openChannel(node.link(PI_B), station);
channel.events.on("open", () => console.log("Pi B is there"));
channel.events.on("lost", ({ reason }) => console.log(`Pi B is gone: ${reason}`));

let number = 0;
let unsent = 0;
let worstUs = 0;
channel.handle("statistics", ({ lastNumber }) => ({ newer: number - lastNumber, worstUs }));

let dueMs = performance.now() + PERIOD_MS;
const timer = setInterval(() => {
  const nowMs = performance.now();
  const lateUs = Math.max(0, Math.round((nowMs - dueMs) * 1000));
  dueMs = nowMs + PERIOD_MS;
  worstUs = Math.max(worstUs, lateUs);
  if (channel.status !== "open") return;
  number += 1;
  // False if the bus is slower than the timer: a reading that has to wait is of no use.
  if (!channel.trySend("reading", { number, lateUs })) unsent += 1;
}, PERIOD_MS);

console.log(`Pi A measures its timer and sends to Pi B on ${bus.name}, until Ctrl-C`);
process.once("SIGINT", async () => {
  clearInterval(timer);
  await channel[Symbol.asyncDispose]();
  node.close();
  bus.close();
  console.log(`${number} readings, ${unsent} of them not sent`);
});
