import { openChannel } from "../channel/index.js";
import { openShm } from "../shm/index.js";
import { openSim } from "../sim/index.js";
import { JitterInmate } from "./jitter-inmate.js";
import { jitterProtocol } from "./jitter-protocol.js";

const ROOT_CELL = 0;

/* The jitter demo's inmate as a process. The machine and the peer id are in the environment; see MachineEnvironment. */
const node = openShm(await openSim());
node.events.on("error", (error) => {
  console.error(`jitter inmate: ${error.message}`);
  process.exitCode = 1;
});
new JitterInmate(openChannel(node.link(ROOT_CELL), jitterProtocol));
