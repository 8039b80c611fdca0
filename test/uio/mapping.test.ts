import { execFileSync } from "node:child_process";
import { constants, readFileSync, writeFileSync, writeSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { closeDescriptor, type Descriptor, openDescriptor } from "../../src/native.js";
import { checkGeometry } from "../../src/uio/geometry.js";
import { describeUio } from "../../src/uio/index.js";
import { MappedDevice } from "../../src/uio/mapped-device.js";
import { type MappedParts, mapUio, unmapUio } from "../../src/uio/mapping.js";
import { readPageSize } from "../../src/uio/page-size.js";
import { Register } from "../../src/uio/registers.js";
import { heard } from "./device-events.js";
import { type MapSpec, Tree } from "./tree.js";

const PAGE = readPageSize();

/**
 * A plain file has the byte at M times the page size where a UIO device has map M. With one page for each section its maps
 * overlap just as those of the own output section and of the input sections do.
 */
const maps: readonly MapSpec[] = [
  { name: "registers", address: 0, sizeBytes: PAGE },
  { name: "state_table", address: PAGE, sizeBytes: PAGE },
  { name: "rw_section", address: 2 * PAGE, sizeBytes: PAGE },
  { name: "input_sections", address: 3 * PAGE, sizeBytes: 2 * PAGE },
  { name: "output_section", address: 4 * PAGE, sizeBytes: PAGE },
];

let tree: Tree;
let descriptor: Descriptor;

beforeEach(() => {
  tree = new Tree();
  const words = new Uint32Array((5 * PAGE) / 4);
  words.set([1, 2], 0);
  words.set([7, 0, 0x0badcafe], PAGE / 4);
  writeFileSync(tree.path("/dev/uio0"), words);
  descriptor = openDescriptor(tree.path("/dev/uio0"), constants.O_RDWR);
});
afterEach(() => {
  closeDescriptor(descriptor);
  tree[Symbol.dispose]();
});

function map(used: readonly MapSpec[] = maps): MappedParts {
  tree.addUio({ maps: used });
  const description = describeUio({ protocol: 0 }, tree.roots);
  return mapUio(descriptor, description, checkGeometry(description, PAGE), PAGE);
}

/** The u32 at an offset of the file. */
function wordAt(offsetBytes: number): number {
  return readFileSync(tree.path("/dev/uio0")).readUInt32LE(offsetBytes);
}

/** Number of mappings of the file in this process. */
function mappingCount(): number {
  const path = tree.path("/dev/uio0");
  return readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .filter((line) => line.endsWith(` ${path}`)).length;
}

describe("mapUio()", () => {
  test("mapUio() takes the identity from the registers and the words of the peers from the state table", () => {
    const parts = map();
    expect([parts.id, parts.maxPeers, [...parts.stateTable]]).toEqual([1, 2, [7, 0]]);
    unmapUio(parts);
  });

  test("mapUio() maps each section at its index times the page size", () => {
    const parts = map();
    parts.rwSection?.set([0x11], 0);
    parts.outputSection?.set([0x22], 0);
    expect([wordAt(2 * PAGE), wordAt(4 * PAGE)]).toEqual([0x11, 0x22]);
    expect(parts.inputSections.map((section) => [section.length, section[0]])).toEqual([
      [PAGE, 0],
      [PAGE, 0x22],
    ]);
    unmapUio(parts);
  });

  test("mapUio() maps what a peer writes for reading only", () => {
    const parts = map();
    const rights = readFileSync("/proc/self/maps", "utf8")
      .split("\n")
      .filter((line) => line.endsWith(` ${tree.path("/dev/uio0")}`))
      .map((line) => line.split(/\s+/).slice(1, 3));
    const offset = (pages: number) => (pages * PAGE).toString(16).padStart(8, "0");
    expect(rights.sort()).toEqual(
      [
        ["rw-s", offset(0)],
        ["r--s", offset(1)],
        ["rw-s", offset(2)],
        ["r--s", offset(3)],
        ["rw-s", offset(4)],
      ].sort(),
    );
    unmapUio(parts);
    expect(mappingCount()).toBe(0);
  });

  test("mapUio() leaves out the sections that the device has not", () => {
    const parts = map(maps.slice(0, 2));
    expect([parts.rwSection, parts.outputSection, parts.inputSections]).toEqual([undefined, undefined, []]);
    expect([parts.id, parts.maxPeers]).toEqual([1, 2]);
    unmapUio(parts);
  });

  test.each<[string, readonly number[], readonly MapSpec[], RegExp]>([
    ["the number of peers contradicts the sizes", [1, 3], maps, /say peer 1 of 3, but wanted is peer 1 of 2/],
    ["the id contradicts the addresses", [0, 2], maps, /say peer 0 of 2, but wanted is peer 1 of 2/],
    ["nothing answers", [0xffffffff, 0xffffffff], maps.slice(0, 2), /say peer 4294967295 of 4294967295/],
    ["the id is above the peers", [2, 2], maps.slice(0, 2), /wanted is an id below the number of peers/],
    ["there are too many peers", [0, 13], maps.slice(0, 2), /13 peers, where 2 to 12/],
  ])("mapUio() throws ERR_CONFIG and leaves nothing mapped when %s", (_, registers, used, message) => {
    writeSync(descriptor, new Uint8Array(Uint32Array.from(registers).buffer), 0, 8, 0);
    expect(() => map(used)).toThrow(message);
    expect(mappingCount()).toBe(0);
  });

  test("mapUio() names the map and leaves nothing mapped when the kernel refuses one", () => {
    const used = maps.map((region) => (region.name === "rw_section" ? { ...region, sizeBytes: 64 * PAGE } : region));
    expect(() => map(used)).toThrow(/^Cannot map rw_section \(map 2, \d+ bytes\) as mmap failed with ENXIO/);
    expect(mappingCount()).toBe(0);
  });

  test("mapUio() gives the memory of a device that works", async () => {
    const fifo = tree.path("/dev/interrupt");
    execFileSync("mkfifo", [fifo]);
    const reader = openDescriptor(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openDescriptor(fifo, constants.O_WRONLY);
    const device = new MappedDevice({
      ...map(),
      ...{ name: "device", vectors: 1, protocol: 0, fallbackPollMs: 0 },
      interrupt: { descriptor: reader, countBytes: 4 },
      release: () => closeDescriptor(reader),
    });
    const interrupt = heard(device, "interrupt");
    writeSync(writer, Uint32Array.of(8));
    expect(await interrupt).toEqual([1]);
    device.outputSection?.bytes.set([0x5a], PAGE - 4);
    expect(device.inputSection(1).readUint32(PAGE - 4)).toBe(0x5a);
    device.setState(3);
    device.ring(0);
    expect([wordAt(Register.INT_CONTROL), wordAt(Register.DOORBELL), wordAt(Register.STATE)]).toEqual([1, 0, 3]);
    device.close();
    expect(wordAt(Register.STATE)).toBe(0);
    expect(mappingCount()).toBe(0);
    closeDescriptor(writer);
  });
});
