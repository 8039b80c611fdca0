import { defineConfig } from "vitest/config";
import { RunReporter } from "./test/support/reporter.js";
import { chooseSeed } from "./test/support/seed.js";

chooseSeed();

/** What runs in the guest of the kernel rig; `npm run test:kernel` starts it. */
export default defineConfig({
  test: {
    name: "kernel",
    environment: "node",
    pool: "forks",
    include: ["test/kernel/**/*.kernel.ts"],
    reporters: ["default", new RunReporter()],
    setupFiles: ["test/support/setup.ts"],
    // One machine at a time is loaded, and an emulated processor gains nothing from a second worker.
    fileParallelism: false,
    isolate: false,
    // What the host has translated the guest finds there (scripts/test-kernel.mjs).
    experimental: { fsModuleCache: true, fsModuleCachePath: ".cache/vitest" },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
