// One end of an ISO-TP connection: isotp.mjs <interface> <kernel|package> <send|receive> <bytes> <txDl>
// Sends or receives one PDU whose bytes tell where they belong, and prints as JSON what became of it.
import { normalAddress, openIsoTp, openKernelIsoTp, openSocketCan, standardId } from "../../../../dist/can/index.js";

const [name, by, role] = process.argv.slice(2, 5);
const [bytes, txDl] = process.argv.slice(5).map(Number);
const [tx, rx] = role === "send" ? [0x7e0, 0x7e8] : [0x7e8, 0x7e0];

const pdu = Uint8Array.from({ length: bytes }, (_, index) => (index ^ (index >>> 8)) & 0xff);
// No more frames in a row than the memory of an emulated controller holds.
const options = { address: normalAddress({ tx: standardId(tx), rx: standardId(rx) }), txDl, blockSize: 4 };
const bus = by === "package" ? await openSocketCan(name) : undefined;
const endpoint = bus === undefined ? openKernelIsoTp(name, options) : openIsoTp(bus, options);
endpoint.events.on("aborted", (error) => process.stdout.write(`${JSON.stringify({ outcome: error.code })}\n`));
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));

let outcome = "sent";
if (role === "send") {
  await endpoint.send(pdu).catch((error) => {
    outcome = error.code;
  });
} else {
  const { value } = await endpoint.receive().next();
  outcome = value !== undefined && Buffer.compare(value, pdu) === 0 ? "received" : "spoilt";
}
process.stdout.write(`${JSON.stringify({ outcome, maxPduBytes: endpoint.maxPduBytes })}\n`);
endpoint.close();
bus?.close();
process.exit(0);
