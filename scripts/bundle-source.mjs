import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const cacheFolder = fileURLToPath(new URL("../.cache/", import.meta.url));

/**
 * Bundles a TypeScript program of this repository into one file that plain Node runs, for processes that tests start.
 * The file is named by its content, so it is never stale and two test processes may ask at once.
 *
 * @param {string} entryPath Absolute path of the program's source.
 * @returns {Promise<string>} Absolute path of the bundle.
 */
export async function bundleSource(entryPath) {
  const { outputFiles } = await build({
    entryPoints: [entryPath],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    sourcemap: "inline",
    write: false,
    logLevel: "silent",
  });
  const content = outputFiles[0].contents;
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const bundle = join(cacheFolder, `${basename(entryPath).replace(/\.m?ts$/, "")}-${hash}.mjs`);
  if (!existsSync(bundle)) {
    mkdirSync(cacheFolder, { recursive: true });
    const partial = `${bundle}.${process.pid}`;
    writeFileSync(partial, content);
    renameSync(partial, bundle);
  }
  return bundle;
}
