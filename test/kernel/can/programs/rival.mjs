// Receives or sends frames by npm's socketcan: rival.mjs receive|send <interface> <frames> <folder of the package>. Prints as
// receive.mjs and send.mjs do.
import { createRequire } from "node:module";

const [verb, name, frames] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const can = createRequire(`${process.argv[5]}/package.json`)("socketcan");
const channel = can.createRawChannel(name, verb === "receive");
const message = { id: 0x100, data: Buffer.alloc(8) };
let count = 0;
if (verb === "receive") {
  channel.addListener("onMessage", () => {
    if (++count % frames === 0) process.stdout.write(`${count} 0\n`);
  });
  channel.start();
  process.stdout.write("ready\n");
} else {
  sendAll();
  const begin = performance.now();
  sendAll();
  process.stdout.write(`${JSON.stringify({ ms: performance.now() - begin })}\n`);
}

function sendAll() {
  // -1 stands for whatever error: there was no room, as a rule.
  for (let sent = 0; sent < frames; ) if (channel.send(message) > 0) sent++;
}
