/**
 * A cell that does what it is told. Each line of standard input is a command, answered by the line `ok`; what happens
 * on the device is printed too, one JSON array a line.
 */
import { createInterface } from "node:readline";
import { openSim } from "../../../src/sim/index.js";

const device = await openSim({ fallbackPollMs: Number(process.env["POLL_MS"] ?? 0) });
const print = (...event: unknown[]) => process.stdout.write(`${JSON.stringify(event)}\n`);

device.events.on("state", (...event) => print("state", ...event));
device.events.on("interrupt", (count) => print("interrupt", count));
device.events.on("error", (error) => print("error", "code" in error ? error.code : "", error.message));
device.events.on("close", () => {
  print("close");
  process.stdin.destroy();
});

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [command, ...words] = line.split(" ");
  const [first = 0, second = 0] = words.map(Number);
  if (command === "state") device.setState(first);
  else if (command === "ring") device.ring(first, second);
  else if (command === "store" && device.outputSection !== undefined) device.outputSection.bytes[first] = second;
  else if (command === "load") print("loaded", device.inputSection(first).readUint32(second));
  else if (command === "close") device.close();
  else if (command === "exit") process.exit(first);
  else if (command === "spin") for (;;) device.ring(first);
  print("ok");
});
print("open", device.id, device.stateTable.snapshot());
