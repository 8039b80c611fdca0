import { startMachine } from "intercell/sim";
import { type Program, runPrograms } from "./child.js";

/** The device that the cells of a measurement share. */
export interface BenchDevice {
  readonly peers: number;
  /** Size of each output section, a multiple of 4096. */
  readonly outputBytes: number;
}

/** The section of most measurements: large enough that the ring is seldom full. */
export const LARGE_SECTION_BYTES = 0x10_0000;

/** Starts a simulated machine with one device, runs program `i` as peer `i` of it, and gives their results. */
export async function runCells(device: BenchDevice, programs: readonly Program[]): Promise<unknown[]> {
  const cells = Array.from({ length: device.peers }, (_, id) => ({ name: `cell-${id}`, cpus: String(id) }));
  await using machine = await startMachine({ devices: [{ ...device, rwBytes: 0 }], cells });
  const placed = programs.map((program, peer) => ({
    ...program,
    env: { ...program.env, INTERCELL_SIM: machine.name, INTERCELL_PEER: String(peer) },
  }));
  return await runPrograms(placed);
}
