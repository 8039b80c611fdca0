/**
 * Starts a machine and prints `[machine, pid of the broker, pid of the cell]`. Its arguments are the command of a cell
 * to start; then it has a device open too and waits to be killed. Without arguments it ends by itself.
 */
import { startMachine } from "../../../src/sim/index.js";

const machine = await startMachine();
const [program, ...parameters] = process.argv.slice(2);
let cellPid: number | undefined;
if (program !== undefined) {
  await machine.openDevice({ peer: 0 });
  const stdio = ["ignore", "ignore", "inherit"] as const;
  cellPid = (await machine.startCell(1, { command: [program, ...parameters], stdio: [...stdio] })).pid;
}
process.stdout.write(`${JSON.stringify([machine.name, machine.brokerPid, cellPid])}\n`);
