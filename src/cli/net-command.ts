import { join } from "node:path";
import { type Command, Option } from "commander";
import type { NetInterfaceSettings } from "../ivshmem-net/index.js";
import { argument, parseCount } from "./argument.js";
import { addNetEndpointCommands } from "./net-endpoint-command.js";

interface JsonOption {
  readonly json?: boolean;
}

interface UpOptions extends JsonOption {
  readonly mtu?: number;
  readonly mac?: string;
  readonly address?: readonly string[];
  readonly wait?: number;
}

/** Adds `intercell net`. */
export function addNetCommand(program: Command): void {
  const net = program.command("net").description("the network between cells (ivshmem-net)");
  addNetInterfaceCommands(net);
  addNetEndpointCommands(net);
}

/** What concerns the interfaces of the kernel's driver. */
function addNetInterfaceCommands(net: Command): void {
  net
    .command("list")
    .description("list the network interfaces that the driver ivshmem-net made")
    .addOption(new Option("--root <folder>", "look at a copied tree with sys in it (default: /)"))
    .option("--json", "print JSON")
    .action(async ({ json = false, root }: JsonOption & { root?: string }) => {
      const { formatNetListing } = await import("./net-list.js");
      process.stdout.write(formatNetListing(root === undefined ? undefined : join(root, "sys"), json));
    });
  net
    .command("up")
    .description("set an interface up and take it up; needs root")
    .argument("<interface>", "such as eth1")
    .option("--mtu <bytes>", "only while it is down", argument(parseCount))
    .option("--mac <address>", "MAC address, such as 02:00:00:00:00:01")
    .option("--address <address...>", "IP addresses to add, such as 192.0.2.1/24")
    .option("--wait <ms>", "wait so long for the peer", argument(parseCount))
    .option("--json", "print what it is then as JSON")
    .action(async (name: string, { mtu, mac, address, wait, json }: UpOptions) => {
      await change(name, { up: true, mtu, address: mac, ipAddresses: address }, wait, json);
    });
  net
    .command("down")
    .description("take an interface down; needs root")
    .argument("<interface>", "such as eth1")
    .option("--json", "print what it is then as JSON")
    .action(async (name: string, { json }: JsonOption) => await change(name, { up: false }, undefined, json));
  net
    .command("stats")
    .description("print what the kernel and the driver count")
    .argument("<interface>", "such as eth1")
    .option("--json", "print JSON")
    .action(async (name: string, { json = false }: JsonOption) => {
      const { formatNetStatistics } = await import("./net-stats.js");
      process.stdout.write(formatNetStatistics(name, json));
    });
}

async function change(name: string, settings: NetInterfaceSettings, waitMs: number | undefined, json = false) {
  const { changeNet } = await import("./net-up.js");
  process.stdout.write(await changeNet(name, settings, waitMs, json));
}
