import type { Command } from "commander";
import type { GenOptions } from "./gen.js";

/** Adds `intercell gen c`. */
export function addGenCommand(program: Command): void {
  const gen = program.command("gen").description("generate code from protocols");
  gen
    .command("c")
    .description("write a C header for each protocol that a JavaScript module exports")
    .argument("<module>", "path of the module")
    .requiredOption("-o, --output <folder>", "where the headers are")
    .option("--name <export>", "take this export only (default: all that are protocols)")
    .option("--check", "write nothing, and fail if a header is not up to date")
    .action(async (module: string, options: GenOptions) => {
      const { runGen } = await import("./gen.js");
      await runGen(module, options);
    });
}
