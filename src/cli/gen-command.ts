import type { Command } from "commander";
import type { GenOptions } from "./gen.js";
import type { GenTsOptions } from "./gen-ts.js";

/** Adds `intercell gen c` and `intercell gen ts`. */
export function addGenCommand(program: Command): void {
  const gen = program.command("gen").description("generate code from protocols and DBC files");
  gen
    .command("c")
    .description("write a C header for each protocol that a JavaScript module exports")
    .argument("<module>", "path of the module")
    .option("-o, --output <folder>", "where the headers are", ".")
    .option("--name <export>", "take this export only (default: all that are protocols)")
    .option("--check", "write nothing, and fail if a header is not up to date")
    .action(async (module: string, options: GenOptions) => {
      const { runGen } = await import("./gen.js");
      await runGen(module, options);
    });
  gen
    .command("ts")
    .description("write TypeScript types for the messages of each DBC file")
    .argument("<file...>", "paths of the DBC files")
    .option("-o, --output <folder>", "where the types are", ".")
    .option("--check", "write nothing, and fail if a file of types is not up to date")
    .action(async (files: string[], options: GenTsOptions) => {
      const { runGenTs } = await import("./gen-ts.js");
      await runGenTs(files, options);
    });
}
