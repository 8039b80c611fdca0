import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The path of the broker's program. In the package it lies beside this module or one folder below, as this module may
 * be in a shared chunk. Where this module runs from source (in tests) the broker is bundled from source too, so that
 * it is never older than the code that talks to it.
 */
export async function brokerProgram(): Promise<string> {
  const built = find("./broker-main.js", "./sim/broker-main.js");
  if (built !== undefined) return built;
  const source = find("./broker-main.ts", "../src/sim/broker-main.ts");
  const bundler = find("../../scripts/bundle-source.mjs", "../scripts/bundle-source.mjs");
  if (source === undefined || bundler === undefined) {
    throw new Error(`The package lacks sim/broker-main.js beside ${import.meta.url}; install it again`);
  }
  const { bundleSource } = (await import(bundler)) as { bundleSource: (entryPath: string) => Promise<string> };
  return await bundleSource(source);
}

function find(...candidates: readonly string[]): string | undefined {
  return candidates.map((relative) => fileURLToPath(new URL(relative, import.meta.url))).find(existsSync);
}
