/** A worker thread that has a device open as the peer it is told, with state 1, until it is terminated. */
import { parentPort, workerData } from "node:worker_threads";
import { openSim } from "../../../src/sim/index.js";

const device = await openSim(workerData);
device.setState(1);
parentPort?.postMessage("open");
