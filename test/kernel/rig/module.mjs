import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { requirePrograms, run } from "./command.mjs";
import { cacheFolder, root } from "./paths.mjs";

const sourceFolder = join(root, "test", "kernel", "module");

/**
 * Builds the test modules for a kernel, unless that was done before from the same sources. Gives the path of one of them.
 *
 * @param {import("./kernel.mjs").Kernel} kernel
 * @param {string} name - Without its extension.
 * @returns {string}
 */
export function buildModule({ release, root: kernelRoot }, name) {
  requirePrograms({ make: "make", "gcc-12": "gcc-12" });
  const folder = join(cacheFolder, `module-${release}-${hashSources()}`);
  const built = join(folder, `${name}.ko`);
  if (existsSync(built)) return built;
  const work = `${folder}.${process.pid}`;
  mkdirSync(cacheFolder, { recursive: true });
  cpSync(sourceFolder, work, { recursive: true });
  try {
    const headers = join(kernelRoot, "usr/src", `linux-headers-${release}`);
    run("make", ["-s", "-C", headers, `M=${work}`, "modules"]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return built;
}

function hashSources() {
  const hash = createHash("sha256");
  for (const name of readdirSync(sourceFolder).sort()) {
    hash.update(`${name}\0`).update(readFileSync(join(sourceFolder, name)));
  }
  return hash.digest("hex").slice(0, 16);
}
