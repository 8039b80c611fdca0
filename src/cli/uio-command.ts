import { join } from "node:path";
import { type Command, Option } from "commander";
import type { BindingMethod, UioRootOptions } from "../uio/index.js";

interface RootOption {
  readonly root?: string;
}

interface JsonOption {
  readonly json?: boolean;
}

/** Adds `intercell uio list`, `intercell uio show` and `intercell uio bind`. None of them opens a device. */
export function addUioCommand(program: Command): void {
  const uio = program.command("uio").description("look at the ivshmem devices of this machine without opening them");
  const fromRoot = () => new Option("--root <folder>", "look at a copied tree with sys, dev and proc (default: /)");
  uio
    .command("list")
    .description("list the devices, what drives them, and UIO devices that are something else")
    .addOption(fromRoot())
    .option("--json", "print JSON")
    .action(async ({ json = false, root }: JsonOption & RootOption) => {
      const { formatUioListing } = await import("./uio-list.js");
      process.stdout.write(formatUioListing(rootsBelow(root), json));
    });
  uio
    .command("show")
    .description("show one device: its maps, its interrupt, and who has it open")
    .argument("<device>", "a path such as /dev/uio0, or a PCI address such as 0001:00:00.0")
    .addOption(fromRoot())
    .option("--json", "print JSON")
    .action(async (device: string, { json = false, root }: JsonOption & RootOption) => {
      const { formatUioDevice } = await import("./uio-show.js");
      process.stdout.write(await formatUioDevice(device, rootsBelow(root), json));
    });
  uio
    .command("bind")
    .description("print what gives a device of any protocol to uio_ivshmem")
    .argument("<address>", "its PCI address, such as 0001:00:01.0")
    .addOption(
      new Option("--method <method>", "for this device alone, or for its protocol")
        .choices(["driver_override", "new_id"])
        .default("driver_override"),
    )
    .option("--apply", "write it; needs root")
    .addOption(fromRoot())
    .action(async (address: string, options: RootOption & { method: BindingMethod; apply?: boolean }) => {
      const { bindUio } = await import("./uio-bind.js");
      const { sysfsRoot } = rootsBelow(options.root);
      process.stdout.write(bindUio(address, { method: options.method, sysfsRoot }, options.apply ?? false));
    });
}

function rootsBelow(root: string | undefined): UioRootOptions {
  if (root === undefined) return {};
  return { sysfsRoot: join(root, "sys"), deviceDirectory: join(root, "dev"), procRoot: join(root, "proc") };
}
