import type { Command } from "commander";
import { addLogOptions } from "./can-log.js";
import type { ReplayCommandOptions } from "./can-replay.js";

/** Adds `intercell can replay`. */
export function addReplayCommand(can: Command): void {
  const command = can
    .command("replay")
    .description("send the frames of a log onto interfaces, at the times of the log")
    .argument("<log>", "the log, or - for the standard input")
    .argument(
      "[interfaces...]",
      "can0 for all frames, can0=vcan1 for those of vcan1 in the log, virtual:name for a bus without a kernel " +
        "(default: the interfaces that the log names)",
    );
  addLogOptions(command)
    .option("--speed <factor>", "2 is twice as fast, 0 as fast as the bus takes frames (default: 1)")
    .option("--max-gap <ms>", "cut longer pauses of the log to this")
    .option("--gap <ms>", "this much between any two frames, whatever the log says")
    .option("--rate <frames>", "frames in a second at most")
    .option("--rounds <count>", "how often, 0 for ever (default: 1)")
    .option("--only <direction>", "only frames that were sent, or received, as the log says")
    .option("--error-frames", "send error frames of the log as well")
    .option("--json", "print the statistics as JSON")
    .action(async (log: string, interfaces: readonly string[], options: ReplayCommandOptions) => {
      const { runReplay } = await import("./can-replay.js");
      await runReplay(log, interfaces, options);
    });
}
