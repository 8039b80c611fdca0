import { defineProtocol, openChannel } from "intercell/channel";
import { openNetLink } from "intercell/ivshmem-net";
import { struct, text, u32 } from "intercell/schema";

// Between two cells: the interface of ivshmem-net, such as "eth1", and no address at all, as each has a link-local one.
// Here both sides are in one program, on the interface that every machine has.
const INTERFACE = "lo";
const localAddress = "127.0.0.1";

const Reading = struct("Reading", { sensor: u32, celsius: u32 });
const Place = struct("Place", { name: text(32) });
const Level = struct("Level", { percent: u32 });
const boiler = defineProtocol("boiler", {
  messages: { reading: Reading },
  requests: { locate: { request: Reading, reply: Place } },
  topics: { level: Level },
});

using listening = openNetLink(INTERFACE, { role: "listen", localAddress });
using connecting = openNetLink(INTERFACE, { role: "connect", localAddress, peerAddress: localAddress });

// Messages and requests go over TCP, and wait for a receiver that is slow or away; latest values go over UDP.
const control = openChannel(listening, boiler);
control.handle("locate", ({ sensor }) => ({ name: sensor === 1 ? "cellar" : "roof" }));
const field = openChannel(connecting, boiler);
await field.ready({ timeoutMs: 5000 });

const readings = control.receive("reading");
for (const sensor of [1, 2]) await field.send("reading", { sensor, celsius: 60 + sensor });
let left = 2;
for await (const { sensor, celsius } of readings) {
  console.log(`sensor ${sensor} has ${celsius} °C`);
  left -= 1;
  if (left === 0) break;
}
const { name } = await field.request("locate", { sensor: 1, celsius: 0 });
console.log(`sensor 1 is in the ${name}`);

for (const percent of [10, 20, 30]) field.publish("level", { percent });
while (control.latest("level")?.count !== 3) await new Promise((resolve) => setTimeout(resolve, 5));
console.log(`the level is ${control.latest("level")?.value.percent} %`);
