import { setTimeout as delay } from "node:timers/promises";
import { defineProtocol, openChannel } from "intercell/channel";
import { f32, struct, u32 } from "intercell/schema";
import { openShm } from "intercell/shm";
import { startMachine } from "intercell/sim";

const ROOT_CELL = 0;
const INMATE = 1;
const PUBLICATIONS = 1000;
const LOOK_MS = 1;

// A topic is for what is only wanted as it is at the moment: there is no queue, and a reader never slows the writer.
const Position = struct("Position", { step: u32, x: f32, y: f32 });
const robot = defineProtocol("robot", { topics: { position: Position } });

await using machine = await startMachine();
using root = openShm(await machine.openDevice({ peer: ROOT_CELL }));
using inmate = openShm(await machine.openDevice({ peer: INMATE }));
const publisher = openChannel(inmate.link(ROOT_CELL), robot);
const reader = openChannel(root.link(INMATE), robot);

console.log(`before the first: ${reader.latest("position")}`);

for (let step = 1; step <= PUBLICATIONS; step++) {
  publisher.publish("position", { step, x: step / 4, y: -step / 4 });
}

// Reading is a look into memory and wakes nobody; what was published before the peer came is there as well.
await reader.ready({ timeoutMs: 5000 });
while (reader.latest("position") === undefined) await delay(LOOK_MS);
const { value, count } = reader.latest("position") ?? {};
console.log(`step ${value?.step} at ${value?.x}, ${value?.y}, the latest of ${count} values`);
