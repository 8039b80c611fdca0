import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { describeUio, findMap, MapName } from "../../src/uio/index.js";
import { hasGcc } from "../conformance/build.js";
import { skipUnless } from "../support/skip.js";
import { askOwner, buildOwner } from "./owner.js";
import { piMaps, Tree } from "./tree.js";

const { EINVAL, ENODEV, ENOENT, EPROTO } = constants.errno;
const PAGE_BYTES = 0x1000;

describe("intercell_uio.c", skipUnless(hasGcc, "gcc is missing"), () => {
  const folder = mkdtempSync(join(tmpdir(), "intercell-owner-"));
  const owner = join(folder, "owner");
  let tree: Tree;

  beforeAll(() => buildOwner(owner));
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    tree = new Tree();
  });
  afterEach(() => tree[Symbol.dispose]());

  const ask = (what: "describe" | "holder" | "hold" | "open", path: string) => askOwner(owner, what, path);

  test.each([
    ["qemu-arm64-enabled", "uio0"],
    ["qemu-arm64-running", "uio0"],
    ["raspberry-pi-4", "uio0"],
  ])("intercell_uio_describe() finds what describeUio() finds on a copied machine (%s)", async (fixture, name) => {
    tree[Symbol.dispose]();
    tree = Tree.fromFixture(fixture);
    const wanted = describeUio(tree.path(`/dev/${name}`), tree.roots);
    const place = (map: MapName) => {
      const { index = 0, sizeBytes = 0 } = findMap(wanted, map) ?? {};
      return [index, sizeBytes];
    };
    expect(await ask("describe", tree.path(`/sys/class/uio/${name}`))).toEqual({
      protocol: wanted.pci.protocol,
      ...Object.fromEntries(Object.values(MapName).map((map) => [map, place(map)])),
    });
  });

  test("intercell_uio_describe() goes by the names of maps when sections are absent", async () => {
    tree.addUio({ maps: piMaps.filter(({ name }) => name !== "rw_section") });
    expect(await ask("describe", tree.path("/sys/class/uio/uio0"))).toMatchObject({
      rw_section: [0, 0],
      input_sections: [2, 0x6000],
      output_section: [3, 0x2000],
    });
    tree.addUio({ number: 1, address: "0001:00:01.0", maps: piMaps.slice(0, 2) });
    expect(await ask("describe", tree.path("/sys/class/uio/uio1"))).toMatchObject({
      state_table: [1, 0x1000],
      output_section: [0, 0],
    });
  });

  test.each([
    ["no ivshmem device", ENODEV, { name: "tl880" }],
    ["no registers", EPROTO, { maps: piMaps.slice(1) }],
    ["outputs without inputs", EPROTO, { maps: piMaps.filter(({ name }) => name !== "input_sections") }],
    ["a map of half a page", EINVAL, { maps: [{ ...piMaps[0], sizeBytes: PAGE_BYTES / 2 }, ...piMaps.slice(1)] }],
    ["an empty map", EINVAL, { maps: [{ ...piMaps[0], sizeBytes: 0 }, ...piMaps.slice(1)] }],
  ] as const)("intercell_uio_describe() returns -errno when it finds %s", async (_, errno, spec) => {
    tree.addUio(spec as Parameters<Tree["addUio"]>[0]);
    expect(await ask("describe", tree.path("/sys/class/uio/uio0"))).toBe(-errno);
  });

  test.each([
    ["size", "0x1000x\n", EPROTO],
    ["size", "\n", EPROTO],
    ["size", "0x1ffffffffffffffff\n", EPROTO],
    ["offset", "0x80\n", EINVAL],
  ])("intercell_uio_describe() returns -errno when the %s of a map is %j", async (file, text, errno) => {
    const uio = tree.addUio();
    tree.file(`${uio}/maps/map3/${file}`, text);
    expect(await ask("describe", tree.path("/sys/class/uio/uio0"))).toBe(-errno);
  });

  test("intercell_uio_open() returns -errno and leaves nothing to close when there is no such device", async () => {
    expect(await ask("open", "/dev/intercell-no-such-node")).toEqual([-ENOENT, -1]);
    expect(await ask("open", owner)).toEqual([-ENODEV, -1]);
    expect(await ask("open", "/dev/null")).toEqual([-ENODEV, -1]);
  });

  test("intercell_uio_holder() finds the process that has a device open", async () => {
    const child = spawn("sh", ["-c", "exec 9<>/dev/full; echo ready; read line || true"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    expect(await ask("holder", "/dev/full")).toBeGreaterThan(0);
    child.stdin.end();
    await once(child, "close");
    expect(await ask("holder", "/dev/intercell-no-such-node")).toBe(-ENOENT);
  });

  test("intercell_uio_holder() finds the process that has a file mapped and its descriptor closed", async () => {
    const file = join(folder, "mapped");
    writeFileSync(file, new Uint8Array(PAGE_BYTES));
    expect(await ask("holder", file)).toBe(0);
    expect(await ask("hold", file)).toBe(1);
  });
});
