/** A cell in a worker thread: opens a node by its worker data, with traffic, and posts what happens. */
import { parentPort, workerData } from "node:worker_threads";
import { openShm } from "../../../src/shm/index.js";
import { openSim } from "../../../src/sim/index.js";
import { Ledger } from "../ledger.js";
import { Traffic } from "../traffic.js";
import type { CellSettings } from "./cell.js";

const { machine, peer, life, traffic, node } = workerData as CellSettings;
const device = await openSim({ machine, peer });
if (device.rwSection === undefined) throw new TypeError("The machine needs an R/W section for the ledgers");
const ledger = new Ledger(device.rwSection.bytes, life);
new Traffic(openShm(device, node), ledger, traffic, (...report) => parentPort?.postMessage(report));
