import { type Command, Option } from "commander";
import { argument } from "./argument.js";
import type { DumpOptions } from "./can-dump.js";
import type { GenFramesOptions } from "./can-gen.js";
import type { SendOptions } from "./can-send.js";

/** Adds `intercell can dump`, `intercell can send` and `intercell can gen`. */
export function addTrafficCommands(can: Command): void {
  can
    .command("dump")
    .description("print frames as they come, until Ctrl-C")
    .argument(
      "<interfaces...>",
      "can0, any for all interfaces, virtual:name for a bus without a kernel; filters as of candump follow a comma: " +
        "can0,123:7FF,400~700,#FFFFFFFF",
    )
    .option("--log", "print lines of a candump log")
    .option("--json", "print JSON, a frame a line")
    .addOption(
      new Option(
        "-t, --time <style>",
        "before each frame: a for the moment, d since the one before, z since the first, A date",
      ).choices(["a", "d", "z", "A"]),
    )
    .option("-n, --count <frames>", "end after so many frames", argument(parseWhole))
    .option("-e, --errors", "print error frames, too")
    .option("--no-colour", "no colours, also on a terminal")
    .action(async (interfaces: readonly string[], options: DumpOptions) => {
      const { runDump } = await import("./can-dump.js");
      await runDump(interfaces, options);
    });
  can
    .command("send")
    .description("send frames, one after the other")
    .argument("<interface>", "can0, or virtual:name for a bus without a kernel")
    .argument("<frames...>", "as of cansend: 123#DEADBEEF, 12345678#R, 123##1AABB")
    .option("--confirm", "wait until each is on the wire, and print when it was")
    .option("--timeout <ms>", "give up after so long (default: 5000)", argument(parseWhole))
    .option("--json", "print JSON, a frame a line")
    .action(async (name: string, frames: readonly string[], options: SendOptions) => {
      const { runSend } = await import("./can-send.js");
      await runSend(name, frames, options);
    });
  can
    .command("gen")
    .description("send made-up frames, until Ctrl-C")
    .argument("<interface>", "can0, or virtual:name for a bus without a kernel")
    .option("-g, --gap <ms>", "milliseconds between two, 0 for none (default: 200)", argument(parseGap))
    .option("-n, --count <frames>", "end after so many", argument(parseWhole))
    .option("-I, --id <id>", "hexadecimal, r for random, i for one up (default: r)")
    .option("-D, --data <bytes>", "hexadecimal, r for random, i for a counter (default: r)")
    .option("-L, --length <bytes>", "a number, r for random, i for one up (default: r)")
    .option("-e, --extended", "ids of 29 bits")
    .option("-R, --remote", "remote frames")
    .option("-f, --fd", "CAN FD frames")
    .option("-b, --bit-rate-switch", "CAN FD frames with the second bit rate")
    .option("--seed <number>", "the same frames for the same number", argument(parseWhole))
    .option("--json", "print how many as JSON")
    .action(async (name: string, options: GenFramesOptions) => {
      const { runGenFrames } = await import("./can-gen.js");
      await runGenFrames(name, options);
    });
}

function parseWhole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new TypeError(`It is a whole number, not ${JSON.stringify(text)}`);
}

function parseGap(text: string): number {
  if (/^\d{1,6}(\.\d{1,3})?$/.test(text)) return Number(text);
  throw new TypeError(`It is a number of milliseconds, not ${JSON.stringify(text)}`);
}
