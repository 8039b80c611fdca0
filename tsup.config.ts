import { existsSync } from "node:fs";
import { defineConfig } from "tsup";

/** The package's entry points: one for each folder that has an index, and the command. */
const entries = ["index", "schema/index", "channel/index", "uio/index", "shm/index", "sim/index", "cli/main"];

export default defineConfig({
  entry: entries.map((entry) => `src/${entry}.ts`).filter((file) => existsSync(file)),
  format: "esm",
  target: "node20",
  platform: "node",
  dts: true,
  splitting: true,
  sourcemap: true,
  clean: true,
  silent: true,
});
