import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Probe, Stranger } from "./blob.js";

const run = promisify(execFile);
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export const hasGcc = spawnSync("gcc", ["--version"]).status === 0;

const options = [
  ...["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror"],
  ...[`-I${pathOf("../../native/include")}`, `-I${pathOf("../../native/sim")}`],
  ...[`-DPROBE_HASH=0x${Probe.typeHashHex}u`, `-DSTRANGER_HASH=0x${Stranger.typeHashHex}u`],
];

/** Compiles probe_library.c to a shared library at `output`. */
export async function buildLibrary(output: string): Promise<void> {
  await run("gcc", [...options, "-shared", "-fPIC", pathOf("probe_library.c"), "-o", output]);
}

/** Compiles probe_inmate.c to a program at `output`. */
export async function buildInmate(output: string): Promise<void> {
  const client = pathOf("../../native/sim/intercell_sim.c");
  const sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  await run("gcc", [...options, ...sanitize, pathOf("probe_inmate.c"), client, "-o", output]);
}
