/**
 * Starts a machine with a node in this process and, as its cell, the program whose path is the first argument, with
 * traffic between the two. Reports `up` with the machine's name and the pids of broker and cell, and waits to be killed.
 */
import { openShm } from "../../../src/shm/index.js";
import { startMachine } from "../../../src/sim/index.js";
import { Ledger, LIFE_BYTES } from "../ledger.js";
import { Traffic } from "../traffic.js";
import type { CellSettings } from "./cell.js";

const PAGE_BYTES = 0x1000;

const machine = await startMachine({ devices: [{ rwBytes: Math.ceil(LIFE_BYTES / PAGE_BYTES) * PAGE_BYTES }] });
const device = await machine.openDevice({ peer: 0 });
const options = { peers: [1], batch: 1, pauseMs: 5 };
const traffic = new Traffic(openShm(device), new Ledger(new Uint8Array(LIFE_BYTES), 0), options, () => undefined);
const settings: CellSettings = { machine: machine.name, peer: 1, life: 0, traffic: { ...options, peers: [0] } };
const command = [process.execPath, process.argv[2] ?? "", JSON.stringify(settings)];
const cell = await machine.startCell(1, { command, stdio: ["ignore", "ignore", "inherit"] });
await traffic.conversations[0]?.channel.ready();
process.stdout.write(`${JSON.stringify(["up", machine.name, machine.brokerPid, cell.pid])}\n`);
