import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The path of a program of this package that runs as a process of its own, such as `sim/broker-main`. In the package it lies in
 * the folder of its part; this module may be in a shared chunk beside that folder, or in another part. Where this module runs
 * from source (in tests) the program is bundled from source too, so that it is never older than the code that talks to it.
 */
export async function ownProgram(path: string): Promise<string> {
  const built = find(`./${path}.js`, `../${path}.js`);
  if (built !== undefined) return built;
  const source = find(`../${path}.ts`, `../src/${path}.ts`);
  const bundler = find("../../scripts/bundle-source.mjs", "../scripts/bundle-source.mjs");
  if (source === undefined || bundler === undefined) {
    throw new Error(`The package lacks ${path}.js beside ${import.meta.url}; install it again`);
  }
  const { bundleSource } = (await import(bundler)) as { bundleSource: (entryPath: string) => Promise<string> };
  return await bundleSource(source);
}

function find(...candidates: readonly string[]): string | undefined {
  return candidates.map((relative) => fileURLToPath(new URL(relative, import.meta.url))).find(existsSync);
}
