import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The path of a file in fixtures/. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

/** Runs a fixture in a Node of its own, so that it may crash. */
export function runFixture(name: string, ...args: string[]): SpawnSyncReturns<string> {
  const argv = ["--expose-gc", fixture(name), ...args];
  return spawnSync(process.execPath, argv, { encoding: "utf8", timeout: 60_000 });
}
