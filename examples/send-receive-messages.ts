import { defineProtocol, openChannel } from "intercell/channel";
import { f64, struct, u32 } from "intercell/schema";
import { openShm } from "intercell/shm";
import { startMachine } from "intercell/sim";

const SENSORS = 3;
const ROOT_CELL = 0;
const INMATE = 1;

// Both sides have this: in a real set-up a module that the two programs share.
const Temperature = struct("Temperature", { sensor: u32, celsius: f64 });
const weather = defineProtocol("weather", { messages: { temperature: Temperature } });

// A simulated Raspberry Pi 4. Usually each cell is a program of its own; here both ends are in one.
await using machine = await startMachine();
using root = openShm(await machine.openDevice({ peer: ROOT_CELL }));
using inmate = openShm(await machine.openDevice({ peer: INMATE }));
const incoming = openChannel(root.link(INMATE), weather);
const outgoing = openChannel(inmate.link(ROOT_CELL), weather);

for (let sensor = 1; sensor <= SENSORS; sensor++) {
  await outgoing.send("temperature", { sensor, celsius: 20 + sensor / 2 });
}

for await (const { sensor, celsius } of incoming.receive("temperature")) {
  console.log(`sensor ${sensor} has ${celsius} °C`);
  if (sensor === SENSORS) break;
}
