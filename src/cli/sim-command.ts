import type { Command } from "commander";
import { argument, parseCount } from "./argument.js";
import { parseByteCount } from "./byte-count.js";
import type { SimOptions } from "./sim.js";

/** Adds `intercell sim` and `intercell sim list`. */
export function addSimCommand(program: Command): void {
  const sim = program
    .command("sim")
    .description("run a simulated Jailhouse machine until Ctrl-C")
    .option("--name <name>", "name of the machine (default: a random one)")
    .option("--peers <count>", "peers of its ivshmem device, 2 to 12 (default: 3)", argument(parseCount))
    .option("--vectors <count>", "interrupt vectors of each peer, 0 for INTx (default: 0)", argument(parseCount))
    .option("--state-table <bytes>", "size of the state table (default: 0x1000)", argument(parseByteCount))
    .option("--rw <bytes>", "size of the section that all may write (default: 0x9000)", argument(parseByteCount))
    .option("--output <bytes>", "size of each peer's output section (default: 0x2000)", argument(parseByteCount))
    .option(
      "--net <bytes>",
      "output sections of its network device, 0 for none (default: 0x7f000)",
      argument(parseByteCount),
    )
    .option("--net-vectors <count>", "interrupt vectors of the network device (default: 0)", argument(parseCount))
    .action(async (options: SimOptions) => {
      const { runSim } = await import("./sim.js");
      await runSim(options);
    });
  sim
    .command("list")
    .description("list the simulated machines that you run")
    .option("--json", "print JSON")
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      const { listSims } = await import("./sim-list.js");
      process.stdout.write(listSims(json));
    });
}
