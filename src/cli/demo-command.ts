import { type Command, Option } from "commander";
import type { DemoOptions } from "./demo.js";

/** Adds `intercell demo`. */
export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .description("show typed channels between the cells of a simulated Raspberry Pi 4, and over CAN between two")
    .option("--forever", "go on until Ctrl-C")
    .option("--can <interface>", "can0, or virtual:name for a bus without a kernel (default: such a bus of its own)")
    .addOption(
      new Option("--node <pi>", "be one of the two Pis on the CAN interface, until Ctrl-C").choices(["a", "b"]),
    )
    .option("--no-color", "print without colours")
    .option("--inmate <name>", "which inmate to run (default: the first that can run here)")
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import("./demo.js");
      await runDemo(options);
    });
}
