import type { Command } from "commander";
import type { ConvertOptions } from "./can-convert.js";
import { addLogOptions } from "./can-log.js";

/** Adds `intercell can convert`. */
export function addConvertCommand(can: Command): void {
  const command = can
    .command("convert")
    .description("write a log of frames anew, in the format of candump or in Vector's ASC format")
    .argument("<from>", "the log, or - for the standard input")
    .argument("<to>", "where to write, or - for the standard output");
  addLogOptions(command)
    .option("--to-format <format>", "candump or asc (default: by the name: *.asc is asc)")
    .option("--digits <count>", "digits of a second's fraction: 6 or 9, with asc 4 to 9 (default: 6)")
    .option("--direction", "say in a candump log which way frames went, where that is known")
    .action(async (from: string, to: string, options: ConvertOptions) => {
      const { runConvert } = await import("./can-convert.js");
      await runConvert(from, to, options);
    });
}
