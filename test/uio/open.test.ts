import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isIntercellError } from "../../src/errors.js";
import { type OpenUioOptions, openUio } from "../../src/uio/index.js";
import { skipUnless } from "../support/skip.js";
import { type MapSpec, piMaps, Tree } from "./tree.js";

let tree: Tree;

beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree[Symbol.dispose]());

/** A device whose node is one of the kernel's own: `/dev/full` (1:7) cannot be mapped, `/dev/zero` (1:5) is all zeros. */
function addDevice(node: "/dev/full" | "/dev/zero", maps: readonly MapSpec[] = piMaps): void {
  tree.addUio({ maps, deviceNumber: node === "/dev/full" ? "1:7" : "1:5" });
  tree.link("/dev/uio0", node);
}

async function failureOf(options: OpenUioOptions = {}): Promise<string> {
  try {
    await openUio(join(tree.roots.deviceDirectory, "uio0"), { ...tree.roots, ...options });
  } catch (error) {
    return isIntercellError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return "none";
}

/** How often this process has a file open. */
function openCount(path: string): number {
  return readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === path;
    } catch {
      return false;
    }
  }).length;
}

describe("openUio()", () => {
  test("openUio() throws TypeError when an option is not known", async () => {
    await expect(openUio("/dev/uio0", { vector: 1 } as OpenUioOptions)).rejects.toThrow(/Unknown option "vector"/);
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 31])("openUio() throws RangeError when fallbackPollMs is %d", async (value) => {
    await expect(openUio("/dev/uio0", { ...tree.roots, fallbackPollMs: value })).rejects.toThrow(RangeError);
  });

  test("openUio() says what is missing when there is no device", async () => {
    expect(await failureOf()).toMatch(/^ERR_NOT_FOUND: .*uio0 is no UIO device/);
  });

  test("openUio() says so when there is no node", async () => {
    tree.addUio();
    expect(await failureOf()).toMatch(/^ERR_NOT_FOUND: uio_ivshmem\[0001:00:00.0\] has no node .*udev/);
  });

  test("openUio() refuses a node that is a plain file", async () => {
    tree.addUio();
    tree.file("/dev/uio0", "written by mistake");
    expect(await failureOf()).toMatch(
      /^ERR_CONFIG: .*is no character device, but .* number 1:7\. Remove the stale node/,
    );
    expect(tree.read("/dev/uio0")).toBe("written by mistake");
  });

  test("openUio() refuses a node that belongs to another device", async () => {
    tree.addUio({ deviceNumber: "253:0" });
    tree.link("/dev/uio0", "/dev/full");
    expect(await failureOf()).toMatch(/^ERR_CONFIG: .*has device number 1:7, but .*number 253:0/);
  });

  test("openUio() checks the maps before it opens the node", async () => {
    addDevice("/dev/full", piMaps.slice(0, 1));
    expect(await failureOf()).toMatch(/^ERR_CONFIG: .*no map state_table/);
  });

  test("openUio() names the page size when the kernel's pages are too large for the device", async () => {
    addDevice("/dev/full");
    tree.pageSize(65536);
    expect(await failureOf()).toMatch(/^ERR_CONFIG: .*pages of 65536 bytes/);
  });

  test("openUio() refuses a device that another process has open, and names it", async () => {
    addDevice("/dev/full");
    tree.link("/proc/4711/fd/9", "/dev/full");
    tree.file("/proc/4711/cmdline", "node\0owner.js\0");
    expect(await failureOf()).toMatch(/^ERR_IN_USE: .*is open in process 4711 \(node owner\.js\)\. .*force/);
    const warnings = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    expect(await failureOf({ force: true })).toMatch(/^ENODEV: Cannot map registers/);
    expect(warnings.mock.calls).toEqual([
      [expect.stringMatching(/is open in process 4711 \(node owner\.js\): its state goes to 0/), expect.anything()],
    ]);
    warnings.mockRestore();
  });

  test("openUio() refuses a device that this process has open", async () => {
    addDevice("/dev/full");
    const descriptor = openSync("/dev/full", "r");
    const found = await failureOf({ procRoot: "/proc" });
    closeSync(descriptor);
    expect(found).toMatch(/^ERR_IN_USE: .*is open in this process/);
  });

  test("openUio() closes the node when a map is refused", async () => {
    addDevice("/dev/full");
    expect(await failureOf()).toMatch(/^ENODEV: Cannot map registers \(map 0, 4096 bytes\) as mmap failed .*dmesg/);
    expect(openCount("/dev/full")).toBe(0);
  });

  test("openUio() closes the node when the registers contradict sysfs", async () => {
    addDevice("/dev/zero");
    expect(await failureOf()).toMatch(/^ERR_CONFIG: The registers .* say peer 0 of 0, but wanted is peer 1 of 3/);
    expect(openCount("/dev/zero")).toBe(0);
  });
});

describe("openUio() as another user", skipUnless(process.getuid?.() === 0, "only root can become another user"), () => {
  const nobody = 65534;

  beforeEach(() => {
    chmodSync(tree.root, 0o755);
    process.seteuid?.(0);
  });
  afterEach(() => process.seteuid?.(0));

  async function failureAsNobody(): Promise<string> {
    process.seteuid?.(nobody);
    try {
      return await failureOf();
    } finally {
      process.seteuid?.(0);
    }
  }

  test("openUio() names the udev rule, which is there, when the node's folder is closed to the user", async () => {
    addDevice("/dev/full");
    chmodSync(tree.roots.deviceDirectory, 0o700);
    process.seteuid?.(nobody);
    await expect(openUio("0001:00:00.0", tree.roots)).rejects.toThrow(
      /^Cannot open the device as open failed with EACCES/,
    );
    await expect(openUio("0001:00:00.0", tree.roots)).rejects.toThrow(/udev rule packaging\/60-intercell\.rules/);
    process.seteuid?.(0);
    expect(readdirSync("packaging")).toContain("60-intercell.rules");
  });

  test("openUio() names the udev rule when the node is closed to the user", async () => {
    tree.addUio();
    execFileSync("mknod", ["-m", "600", tree.path("/dev/uio0"), "c", "1", "7"]);
    expect(await failureAsNobody()).toMatch(/^EACCES: Cannot open the device .*udev rule/);
  });
});
