import type { Command } from "commander";
import { argument } from "./argument.js";
import type { BridgeCommandOptions } from "./bridge.js";

/** Adds `intercell bridge`. */
export function addBridgeCommand(program: Command): void {
  program
    .command("bridge")
    .description("connect channels of one link with those of another, over shared memory and CAN, until Ctrl-C")
    .argument("<config>", "a configuration in JSON: docs/bridge.md")
    .option("--stats <seconds>", "print the counters so often, besides at the end", argument(parseSeconds))
    .option("--json", "print the counters as JSON, an object a line, and all else to the standard error")
    .option("--check", "only tell what is wrong with the configuration")
    .action(async (config: string, options: BridgeCommandOptions) => {
      const { runBridge } = await import("./bridge.js");
      await runBridge(config, options);
    });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,5}(\.\d{1,3})?$/.test(text) && seconds > 0) return seconds;
  throw new TypeError(`It is a number of seconds above 0, not ${JSON.stringify(text)}`);
}
