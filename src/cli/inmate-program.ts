import { existsSync } from "node:fs";
import { join } from "node:path";
import { ErrorCode, IntercellError } from "../errors.js";
import type { CellProgram } from "../sim/index.js";
import { CInmate } from "./c-inmate.js";
import { packageRoot } from "./package-root.js";

/** A program that can be the demo's inmate: it speaks the protocol of jitter-protocol.ts. */
export interface InmateProgram {
  /** As `--inmate` names it. */
  readonly name: string;
  /** For the reader of the output. */
  readonly description: string;
  /** Why it cannot run on this machine, or undefined if it can. */
  obstacle(): string | undefined;
  /** Makes the program ready, such as by compiling it, and tells how to run it as a cell. */
  prepare(signal: AbortSignal): Promise<CellProgram>;
}

const builtProgram = "dist/cli/jitter-inmate-main.js";

const typescriptInmate: InmateProgram = {
  name: "ts",
  description: `TypeScript on Node (${builtProgram})`,
  obstacle: () => (existsSync(join(packageRoot(), builtProgram)) ? undefined : `${builtProgram} is not built`),
  prepare: () => Promise.resolve({ command: [process.execPath, join(packageRoot(), builtProgram)] }),
};

/** The inmates of the demo, the preferred one first. */
export const inmatePrograms: readonly InmateProgram[] = [new CInmate(packageRoot()), typescriptInmate];

/**
 * The inmate of that name, or without a name the first that can run here.
 *
 * @throws TypeError if there is none of that name; IntercellError `ERR_UNSUPPORTED` if it cannot run here.
 */
export function chooseInmate(programs: readonly InmateProgram[], name?: string): InmateProgram {
  const candidates = programs.filter((program) => name === undefined || program.name === name);
  if (candidates.length === 0) {
    const known = programs.map((program) => program.name).join(", ");
    throw new TypeError(`There is no inmate ${JSON.stringify(name)}: the demo has ${known}`);
  }
  const obstacles: string[] = [];
  for (const program of candidates) {
    const obstacle = program.obstacle();
    if (obstacle === undefined) return program;
    obstacles.push(`${program.name}: ${obstacle}`);
  }
  throw new IntercellError(ErrorCode.UNSUPPORTED, `Cannot run an inmate of the demo here. ${obstacles.join("; ")}`);
}
