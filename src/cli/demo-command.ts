import type { Command } from "commander";
import type { DemoOptions } from "./demo.js";

/** Adds `intercell demo`. */
export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .description("show typed channels between the cells of a simulated Raspberry Pi 4")
    .option("--forever", "go on until Ctrl-C")
    .option("--no-color", "print without colours")
    .option("--inmate <name>", "which inmate to run (default: the first that can run here)")
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import("./demo.js");
      await runDemo(options);
    });
}
