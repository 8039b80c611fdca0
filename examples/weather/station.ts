import { openChannel } from "intercell/channel";
import { openShm } from "intercell/shm";
import { openSim } from "intercell/sim";
import { weather } from "./weather.js";

const node = openShm(await openSim()); // which machine, and as which peer: by the environment
const channel = openChannel(node.link(0), weather);
let offset = 0;

channel.handle("calibrate", (wish) => {
  const before = offset;
  offset = wish.offset;
  return { before };
});

setInterval(() => {
  // False while nobody listens or the ring is full; send() would wait instead.
  channel.trySend("temperature", { sensor: 1, celsius: 20 + offset + Math.random() });
}, 500);
