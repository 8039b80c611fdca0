import { openChannel } from "../../../src/channel/index.js";
import { openEthernetLink, openIvshmemNet } from "../../../src/ivshmem-net/index.js";
import { openSim } from "../../../src/sim/index.js";
import { Echo } from "./echo-protocol.js";

/* A cell with a network device and no IP stack: answers each request with its text, and sends each message back. */

const net = openIvshmemNet(await openSim({ device: "net" }));
const channel = openChannel(openEthernetLink(net), Echo);
channel.handle("twice", ({ text }) => ({ text: text + text }));
for await (const message of channel.receive("numbered")) await channel.send("numbered", message);
