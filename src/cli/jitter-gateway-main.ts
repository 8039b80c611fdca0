import { openSim } from "../sim/index.js";
import { openCanBus } from "./can-bus.js";
import { JitterGateway } from "./jitter-gateway.js";
import { servePi } from "./pi-process.js";

/** Peer id of the demo's inmate. */
const INMATE = 1;

/** What Pi A's process tells. */
export type GatewayReport = { readonly kind: "fault"; readonly message: string };

/*
 * Pi A of the demo as a process of its own. Its argument is the CAN interface; machine and peer id are in the environment, see
 * MachineEnvironment.
 */
const report = servePi<GatewayReport>();
const [, , interfaceName = ""] = process.argv;
const bus = await openCanBus(interfaceName);
const gateway = new JitterGateway(await openSim(), INMATE, bus, { up: () => {}, down: () => {} });
gateway.root
  .until("the end", () => false, new AbortController())
  .catch((error: unknown) =>
    report({ kind: "fault", message: error instanceof Error ? error.message : String(error) }),
  );
