import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Probe, Stranger } from "./blob.js";

const run = promisify(execFile);
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export const hasGcc = spawnSync("gcc", ["--version"]).status === 0;

const options = [
  ...["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror"],
  ...["include", "sim", "uio"].map((folder) => `-I${pathOf(`../../native/${folder}`)}`),
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

/**
 * Compiles probe_uio.c to a program at `output`, without what an emulated processor compiles and starts slowly.
 *
 * @param heartbeatMs - What the cell promises of its heartbeat.
 */
export async function buildUioOwner(output: string, heartbeatMs: number): Promise<void> {
  const client = ["intercell_uio.c", "uio_holder.c"].map((name) => pathOf(`../../native/uio/${name}`));
  await run("gcc", [
    ...options,
    "-O0",
    `-DPROBE_HEARTBEAT_MS=${heartbeatMs}`,
    pathOf("probe_uio.c"),
    ...client,
    "-o",
    output,
  ]);
}
