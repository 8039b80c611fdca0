import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createProgram } from "../../src/cli/program.js";
import { Tree } from "../uio/tree.js";

let tree: Tree | undefined;
let printed: string;

beforeEach(() => {
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  tree?.[Symbol.dispose]();
});

/** Runs `intercell uio` on a tree and gives what it prints, with the tree's place cut out. */
async function run(on: Tree, ...parameters: readonly string[]): Promise<string> {
  tree = on;
  await createProgram().parseAsync(["node", "intercell", "uio", ...parameters, "--root", on.root]);
  return printed.replaceAll(on.root, "").replace(/^DEVICE +/, "DEVICE     ");
}

describe("intercell uio list", () => {
  test("intercell uio list shows the devices of a Raspberry Pi 4, driven or not", async () => {
    expect(await run(Tree.fromFixture("raspberry-pi-4"), "list")).toBe(
      [
        "DEVICE     PCI ADDRESS       PROTOCOL  PEER    INTERRUPT  R/W     OUTPUT",
        "/dev/uio0  ffffffff:00:00.0  0x0000    0 of 3  INTx       0x9000  0x2000",
        "ffffffff:00:01.0: protocol 0x0001, driver ivshmem-net",
        "",
      ].join("\n"),
    );
  });

  test("intercell uio list prints what docs/on-the-board.md shows of a Raspberry Pi 4", async () => {
    const page = readFileSync("docs/on-the-board.md", "utf8");
    expect(page).toContain(`# npx intercell uio list\n${await run(Tree.fromFixture("raspberry-pi-4"), "list")}`);
  });

  test("intercell uio list tells what is absent, what has no driver and what is no ivshmem device", async () => {
    const made = new Tree();
    made.addUio({ maps: [] });
    made.addUio({ number: 1, address: "0001:00:01.0", name: "uio_pci_generic" });
    made.addFunction("0001:00:02.0", 0x4001);
    made.file("/sys/devices/pci/0001:00:00.0/msi_irqs/30", "msix");
    expect(await run(made, "list")).toBe(
      [
        "DEVICE     PCI ADDRESS   PROTOCOL  PEER     INTERRUPT        R/W     OUTPUT",
        "/dev/uio0  0001:00:00.0  0x0000    unknown  MSI-X, 1 vector  absent  absent",
        "0001:00:01.0: protocol 0x0000, driver uio_ivshmem",
        "0001:00:02.0: protocol 0x4001, no driver",
        '/dev/uio1: skipped, as its driver calls it "uio_pci_generic", not uio_ivshmem[...]',
        "",
      ].join("\n"),
    );
  });

  test("intercell uio list says so when there is no device", async () => {
    expect(await run(new Tree(), "list")).toBe("No ivshmem device has the driver uio_ivshmem.\n");
  });

  test("intercell uio list prints one object when it is given --json", async () => {
    const { devices, others, skipped } = JSON.parse(
      await run(Tree.fromFixture("qemu-arm64-running"), "list", "--json"),
    );
    expect(devices).toMatchObject([{ path: "/dev/uio0", id: 0, maxPeers: 3, interrupt: { kind: "intx" } }]);
    expect(others).toMatchObject([{ address: "0001:00:01.0", protocol: 1 }]);
    expect(skipped).toEqual([]);
  });
});

describe("intercell uio show", () => {
  test("intercell uio show prints identity, evidence and maps of a device", async () => {
    expect(await run(Tree.fromFixture("qemu-arm64-running"), "show", "0001:00:00.0")).toBe(
      [
        "device       /dev/uio0",
        "name         uio_ivshmem[0001:00:00.0]",
        "PCI address  0001:00:00.0",
        "protocol     0x0000",
        "driver       uio_ivshmem",
        "peer         0 of 3",
        "interrupt    INTx, number 19, by /proc/interrupts",
        "interrupts   0",
        "open in      unknown",
        "",
        "MAP  NAME            ADDRESS             SIZE",
        "0    registers       0x0000000008f00000  0x0000000000001000",
        "1    state_table     0x000000007faf0000  0x0000000000001000",
        "2    rw_section      0x000000007faf1000  0x0000000000009000",
        "3    input_sections  0x000000007fafa000  0x0000000000006000",
        "4    output_section  0x000000007fafa000  0x0000000000002000",
        "",
      ].join("\n"),
    );
  });

  test("intercell uio show names who has the device open", async () => {
    const made = new Tree();
    made.addUio();
    made.link("/dev/uio0", "/dev/full");
    expect(await run(made, "show", "0001:00:00.0")).toMatch(/^open in {6}no process$/m);
    made.link("/proc/42/fd/3", "/dev/full");
    made.file("/proc/42/cmdline", "node\0owner.js\0");
    made.directory("/proc/43");
    made.file("/proc/43/fd", "closed to this user");
    printed = "";
    const shown = await run(made, "show", made.path("/dev/uio0"));
    expect(shown).toMatch(/^open in {6}process 42 \(node owner\.js\); processes that may not be looked at: 1$/m);
    printed = "";
    expect(JSON.parse(await run(made, "show", "0001:00:00.0", "--json"))).toMatchObject({
      name: "uio_ivshmem[0001:00:00.0]",
      holders: [{ pid: 42, command: "node owner.js" }],
    });
  });

  test("intercell uio show fails when there is no such device", async () => {
    await expect(run(new Tree(), "show", "0001:00:00.0")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });
});

describe("intercell uio bind", () => {
  function createUnbound(): Tree {
    const made = new Tree();
    made.addDriver("uio_ivshmem");
    made.addFunction("0001:00:02.0", 0x4001);
    return made;
  }

  test("intercell uio bind prints the writes as shell commands and writes nothing", async () => {
    const made = createUnbound();
    expect(await run(made, "bind", "0001:00:02.0")).toBe(
      [
        "# let only this driver have the device",
        'echo "uio_ivshmem" > /sys/devices/pci/0001:00:02.0/driver_override',
        "# let the driver take it",
        'echo "0001:00:02.0" > /sys/bus/pci/drivers_probe',
        "Nothing was written; add --apply to write it.",
        "",
      ].join("\n"),
    );
    expect(made.read("/sys/bus/pci/drivers_probe")).toBe("");
  });

  test("intercell uio bind --apply writes, and fails when the device is not bound then", async () => {
    const made = createUnbound();
    await expect(run(made, "bind", "0001:00:02.0", "--method", "new_id", "--apply")).rejects.toThrow(/All was written/);
    expect(made.read("/sys/bus/pci/drivers/uio_ivshmem/new_id")).toBe("110a 4106 110a 4106 ff4001 ffffff");
  });

  test("intercell uio bind has nothing to do when the driver has the device", async () => {
    expect(await run(Tree.fromFixture("raspberry-pi-4"), "bind", "ffffffff:00:00.0", "--apply")).toBe(
      "ffffffff:00:00.0 is bound to uio_ivshmem already.\n",
    );
  });

  test("intercell uio bind refuses a method that is none", async () => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await expect(run(createUnbound(), "bind", "0001:00:02.0", "--method", "bind")).rejects.toThrow(/choices|Allowed/);
  });
});
