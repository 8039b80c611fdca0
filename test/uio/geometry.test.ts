import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isIntercellError } from "../../src/errors.js";
import { checkGeometry } from "../../src/uio/geometry.js";
import { describeUio } from "../../src/uio/index.js";
import { type MapSpec, piMaps, Tree } from "./tree.js";

let tree: Tree;

beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree[Symbol.dispose]());

function check(maps: readonly MapSpec[], pageSizeBytes = 0x1000): ReturnType<typeof checkGeometry> {
  tree.addUio({ maps });
  return checkGeometry(describeUio({ protocol: 0 }, tree.roots), pageSizeBytes);
}

/** The maps of the Pi with some of them changed, or left out if `undefined`. */
function mapsWith(changes: Readonly<Record<string, Partial<MapSpec> | undefined>>): MapSpec[] {
  return piMaps.flatMap((map) => {
    if (!(map.name in changes)) return [map];
    const change = changes[map.name];
    return change === undefined ? [] : [{ ...map, ...change }];
  });
}

function failureOf(maps: readonly MapSpec[], pageSizeBytes?: number): string {
  try {
    check(maps, pageSizeBytes);
  } catch (error) {
    return isIntercellError(error, "ERR_CONFIG") ? error.message : String(error);
  }
  return "none";
}

describe("checkGeometry()", () => {
  test("checkGeometry() gives the maps by what they hold", () => {
    const { registers, stateTable, rwSection, outputs } = check([...piMaps].reverse());
    expect([registers.index, stateTable.index, rwSection?.index]).toEqual([4, 3, 2]);
    expect([outputs?.inputSections.index, outputs?.outputSection.index]).toEqual([1, 0]);
  });

  test("checkGeometry() accepts a device without R/W section and without outputs", () => {
    const absent = { rw_section: undefined, input_sections: undefined, output_section: undefined };
    const { rwSection, outputs } = check(mapsWith(absent));
    expect([rwSection, outputs]).toEqual([undefined, undefined]);
  });

  test("checkGeometry() accepts sizes that are no power of two", () => {
    const { outputs } = check(
      mapsWith({
        input_sections: { sizeBytes: 0x9000 },
        output_section: { address: 0x3fafa000 + 0x6000, sizeBytes: 0x3000 },
      }),
    );
    expect(outputs?.outputSection.sizeBytes).toBe(0x3000);
  });

  test("checkGeometry() accepts a register page that is smaller than a page of the kernel", () => {
    const outputs = { input_sections: undefined, output_section: undefined, rw_section: undefined };
    expect(() => check(mapsWith(outputs), 0x10000)).not.toThrow();
  });

  test.each<[string, Parameters<typeof mapsWith>[0], RegExp]>([
    ["the registers", { registers: undefined }, /no map registers; its maps are: state_table, rw_section/],
    ["the state table", { state_table: undefined }, /no map state_table/],
    ["the input sections", { input_sections: undefined }, /no map input_sections/],
    ["the output section", { output_section: undefined }, /no map output_section/],
  ])("checkGeometry() names the map that is missing when it is %s", (_, changes, message) => {
    expect(failureOf(mapsWith(changes))).toMatch(message);
  });

  test.each<[string, Parameters<typeof mapsWith>[0], RegExp]>([
    ["a register page too small", { registers: { sizeBytes: 16 } }, /registers of 16 bytes, but five .* need 20/],
    ["a state table too small", { state_table: { sizeBytes: 8 } }, /state_table of 8 bytes, but 3 peers need 12/],
    ["an output section elsewhere", { output_section: { address: 0x3fb10000 } }, /not one of the input sections/],
    [
      "one peer",
      { input_sections: { sizeBytes: 0x2000 }, output_section: { address: 0x3fafa000 } },
      /1 peers, where 2/,
    ],
    ["13 peers", { input_sections: { sizeBytes: 0x1a000 } }, /13 peers, where 2 to 12/],
  ])("checkGeometry() says what is wrong when the device has %s", (_, changes, message) => {
    expect(failureOf(mapsWith(changes))).toMatch(message);
  });

  test("checkGeometry() names the page size when a section lies between two pages of the kernel", () => {
    const message = failureOf(piMaps, 0x10000);
    expect(message).toMatch(/rw_section at 0x3faf1000, but the kernel maps pages of 65536 bytes\. Align/);
  });
});
