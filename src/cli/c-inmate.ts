import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ErrorCode, IntercellError } from "../errors.js";
import type { CellProgram } from "../sim/index.js";

const compiler = "gcc";
const folder = "examples/bare-metal/jitter";
const sources = [`${folder}/linux/main.c`, `${folder}/jitter_inmate.c`, "native/sim/intercell_sim.c"];
const includes = ["native/include", "native/sim"];
const headers = [`${folder}/jitter_inmate.h`, `${folder}/generated/jitter.h`, "native/sim/intercell_sim.h"];
const flags = ["-std=c11", "-O2", "-Wall", "-Wextra", ...includes.map((each) => `-I${each}`)];

/**
 * The jitter inmate of examples/bare-metal, as a process on the simulated machine: the code that a bare-metal cell runs.
 * An `InmateProgram` of the package in `root`.
 */
export class CInmate {
  readonly name = "c";
  readonly description = `C on the wire library for bare metal (${folder}), built with ${compiler}`;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  obstacle(): string | undefined {
    const missing = sources.find((source) => !existsSync(join(this.#root, source)));
    if (missing !== undefined) return `${missing} is not there`;
    if (!isWritable(this.#root)) return `${this.#root}, where it would be built, cannot be written to`;
    const { status } = spawnSync(compiler, ["--version"], { stdio: "ignore" });
    return status === 0 ? undefined : `${compiler} is not installed`;
  }

  /** @throws IntercellError `ERR_UNSUPPORTED` with the compiler's complaint if it cannot be built. */
  prepare(signal: AbortSignal): Promise<CellProgram> {
    return build(this.#root, signal);
  }
}

/** A package that was installed for all users belongs to somebody else. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Compiles once for each state of the sources, so that a second start takes no time. */
async function build(root: string, signal: AbortSignal): Promise<CellProgram> {
  const cache = join(root, ".cache");
  const program = join(cache, `jitter-inmate-${fingerprint(root)}`);
  if (existsSync(program)) return { command: [program] };
  mkdirSync(cache, { recursive: true });
  // Renamed when it is whole, as another demo may be starting at the same time.
  const draft = `${program}.${process.pid}`;
  try {
    await promisify(execFile)(compiler, [...flags, ...sources, "-o", draft], { cwd: root, signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const { stderr = "" } = error as { stderr?: string };
    const message = `Cannot build the inmate in ${folder} with ${compiler}; run the demo with --inmate ts. ${stderr}`;
    throw new IntercellError(ErrorCode.UNSUPPORTED, message.trimEnd(), { path: join(root, folder), cause: error });
  }
  renameSync(draft, program);
  return { command: [program] };
}

function fingerprint(root: string): string {
  const library = "native/include/intercell";
  const names = readdirSync(join(root, library)).map((name) => `${library}/${name}`);
  const hash = createHash("sha256").update(flags.join(" "));
  for (const name of [...sources, ...headers, "native/sim_hypervisor.h", ...names.sort()]) {
    hash.update(readFileSync(join(root, name)));
  }
  return hash.digest("hex").slice(0, 16);
}
