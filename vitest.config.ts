import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { RunReporter } from "./test/support/reporter.js";
import { chooseSeed } from "./test/support/seed.js";

chooseSeed();

export default defineConfig({
  test: {
    environment: "node",
    pool: "forks",
    // Vitest leaves one processor to itself, which on a machine of two is half of it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default", new RunReporter()],
    setupFiles: ["test/support/setup.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: "stress",
          include: ["test/**/*.stress.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
