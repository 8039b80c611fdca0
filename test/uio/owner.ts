import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Compiles owner.c, with `native/uio`, to a program at `output`. */
export async function buildOwner(output: string): Promise<void> {
  const client = pathOf("../../native/uio/");
  const sources = [pathOf("./owner.c"), join(client, "intercell_uio.c"), join(client, "uio_holder.c")];
  const flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", `-I${client}`];
  await run("gcc", [...flags, ...sources, "-o", output]);
}

/** What the program at `owner` says of itself. */
export async function askOwner(owner: string, what: string, path: string): Promise<unknown> {
  return JSON.parse((await run(owner, [what, path])).stdout);
}
