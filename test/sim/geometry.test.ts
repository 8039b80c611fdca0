import { describe, expect, test } from "vitest";
import { checkCells, defaultCells, deviceGeometry, parseCpuList } from "../../src/sim/geometry.js";

describe("deviceGeometry()", () => {
  test("fills in the demo link of the Raspberry Pi 4", () => {
    expect(deviceGeometry({})).toEqual({
      protocol: 0,
      peers: 3,
      vectors: 0,
      stateTableBytes: 0x1000,
      rwBytes: 0x9000,
      outputBytes: 0x2000,
    });
  });

  test("accepts the limits of the specification and nothing beyond", () => {
    const limits = { protocol: [0, 0xffff], peers: [2, 12], vectors: [0, 16] } as const;
    for (const [name, [low, high]] of Object.entries(limits)) {
      for (const value of [low, high]) expect(deviceGeometry({ [name]: value })).toMatchObject({ [name]: value });
      for (const value of [low - 1, high + 1, low + 0.5, Number.NaN, "1"]) {
        expect(() => deviceGeometry({ [name]: value as number })).toThrow(RangeError);
      }
    }
    for (const name of ["stateTableBytes", "rwBytes", "outputBytes"]) {
      expect(deviceGeometry({ [name]: 0x3000 })).toMatchObject({ [name]: 0x3000 });
      for (const value of [-0x1000, 0x1001, 0x800, 0x40001000]) {
        expect(() => deviceGeometry({ [name]: value })).toThrow(RangeError);
      }
    }
    expect(() => deviceGeometry({ stateTableBytes: 0 })).toThrow(RangeError);
    expect(deviceGeometry({ rwBytes: 0, outputBytes: 0 })).toMatchObject({ rwBytes: 0, outputBytes: 0 });
    expect(() => deviceGeometry({ size: 1 } as never)).toThrow(/size/);
  });
});

describe("checkCells()", () => {
  test("accepts the Raspberry Pi 4 and throws when a name or CPU is given out twice or malformed", () => {
    expect(checkCells(defaultCells)).toBe(defaultCells);
    const root = { name: "root", cpus: "0-3" };
    const wrong = [[], [root, { ...root, cpus: "4" }], [root, { name: "b", cpus: "3" }], [{ ...root, id: 0 }]];
    for (const cells of wrong) expect(() => checkCells(cells)).toThrow();
    for (const name of ["", "a b", "ä", "x".repeat(32)])
      expect(() => checkCells([{ ...root, name }])).toThrow(TypeError);
  });
});

describe("parseCpuList()", () => {
  test("gives the numbers of sysfs' list form", () => {
    expect(parseCpuList("0,2-3")).toEqual([0, 2, 3]);
    expect(parseCpuList("7")).toEqual([7]);
    for (const wrong of ["", "1-", "-1", "a", "1,,2", "1 2"]) expect(() => parseCpuList(wrong)).toThrow(TypeError);
    expect(() => parseCpuList("3-2")).toThrow(RangeError);
  });
});
