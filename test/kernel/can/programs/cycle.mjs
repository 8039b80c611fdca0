// Sends a mapped message each 10 ms by the kernel until it is killed: cycle.mjs <interface>. Prints who keeps the cycle.
import { openMappedSender, openSocketCan, standardId } from "../../../../dist/can/index.js";

const bus = await openSocketCan(process.argv[2]);
const layout = { lengthBytes: 1, encode: (byte) => Uint8Array.of(byte), decode: (data) => data[0] };
const sender = openMappedSender(bus, { id: standardId(0x66), layout, mode: "cyclic", cycleMs: 10 });
sender.set(1);
process.stdout.write(`${sender.timing}\n`);
