import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ALL_ERRORS,
  type CanFilter,
  type CanFrame,
  createMatcher,
  dataFrame,
  decodeFilters,
  encodeFilters,
  errorFrame,
  exactFilter,
  extendedId,
  fdFrame,
  invertFilter,
  maskFilter,
  parseFilters,
  passAll,
  remoteFilter,
  remoteFrame,
  standardId,
  xlFrame,
} from "../../src/can/index.js";
import { canFrames, canIds } from "./arbitrary.js";

const word = fc.nat(0xffff_ffff).map((value) => (value & ~0x2000_0000) >>> 0);
const filters: fc.Arbitrary<CanFilter> = fc.record({ id: word, mask: word, inverted: fc.boolean() });
const isError = (frame: CanFrame) => frame.kind === "error";

describe("createMatcher()", () => {
  const s = standardId(0x123);
  const e = extendedId(0x123);

  test.each<[string, readonly CanFilter[], readonly [CanFrame, boolean][]]>([
    ["no filter", [], [[dataFrame(s), false]]],
    [
      "the filter for all",
      [passAll],
      [
        [dataFrame(s), true],
        [remoteFrame(e), true],
        [xlFrame(s, [1]), true],
      ],
    ],
    [
      "the exact one",
      [exactFilter(s)],
      [
        [dataFrame(s), true],
        [fdFrame(s), true],
        [remoteFrame(s), false],
        [dataFrame(e), false],
        [dataFrame(standardId(0x122)), false],
      ],
    ],
    [
      "the exact extended one",
      [exactFilter(e)],
      [
        [dataFrame(e), true],
        [dataFrame(s), false],
        [remoteFrame(e), false],
      ],
    ],
    [
      "the one for remote frames",
      [remoteFilter(s)],
      [
        [remoteFrame(s), true],
        [dataFrame(s), false],
      ],
    ],
    [
      "a mask",
      [maskFilter(standardId(0x120), 0x7f0)],
      [
        [dataFrame(s), true],
        [remoteFrame(s), true],
        [dataFrame(e), false],
        [dataFrame(standardId(0x133)), false],
      ],
    ],
    [
      "an inverted one",
      [invertFilter(exactFilter(s))],
      [
        [dataFrame(s), false],
        [dataFrame(e), true],
        [remoteFrame(s), true],
      ],
    ],
    [
      "candump's 123:7FF",
      parseFilters("123:7FF").filters,
      [
        [dataFrame(s), true],
        [dataFrame(e), true],
        [remoteFrame(s), true],
        [dataFrame(extendedId(0x923)), true],
      ],
    ],
    ["candump's 0~0", parseFilters("0~0").filters, [[dataFrame(s), false]]],
    [
      "a standard id with a mask of 29 bits",
      [{ id: 0x123, mask: 0x9fff_ffff, inverted: false }],
      [[dataFrame(s), true]],
    ],
  ])("createMatcher() decides as the kernel when there is %s", (_, set, cases) => {
    const matches = createMatcher({ filters: set });
    expect(cases.map(([frame]) => matches(frame))).toEqual(cases.map(([, wanted]) => wanted));
  });

  test("createMatcher() passes a frame when one filter matches, or all of those that are joined", () => {
    fc.assert(
      fc.property(fc.array(filters, { minLength: 2, maxLength: 6 }), canFrames, (set, frame) => {
        fc.pre(!isError(frame));
        const each = set.map((filter) => createMatcher({ filters: [filter] })(frame));
        expect(createMatcher({ filters: set })(frame)).toBe(each.includes(true));
        expect(createMatcher({ filters: set, joinFilters: true })(frame)).toBe(!each.includes(false));
      }),
    );
  });

  test("createMatcher() turns the answer round when the filter is inverted", () => {
    fc.assert(
      fc.property(filters, canFrames, (filter, frame) => {
        fc.pre(!isError(frame));
        const [one, other] = [filter, invertFilter(filter)].map((each) => createMatcher({ filters: [each] })(frame));
        expect(one).toBe(!other);
      }),
    );
  });

  test("createMatcher() passes nothing but its data frames when a filter is exact", () => {
    fc.assert(
      fc.property(canIds, canFrames, (id, frame) => {
        const wanted = (frame.kind === "data" || frame.kind === "fd") && frame.id === id;
        if (frame.kind !== "xl") expect(createMatcher({ filters: [exactFilter(id)] })(frame)).toBe(wanted);
      }),
    );
  });

  test("createMatcher() lets inverted filters notch their ids out when they are joined", () => {
    const set = [0x100, 0x200].map((bits) => invertFilter(exactFilter(standardId(bits))));
    const passed = (joinFilters: boolean) =>
      [0x100, 0x200, 0x300].filter((bits) => createMatcher({ filters: set, joinFilters })(dataFrame(standardId(bits))));
    expect(passed(false)).toEqual([0x100, 0x200, 0x300]);
    expect(passed(true)).toEqual([0x300]);
  });

  test("createMatcher() asks the error mask alone when it is an error frame", () => {
    const busOff = errorFrame(0x40);
    expect(createMatcher({})(busOff)).toBe(false);
    expect(createMatcher({ filters: [], errorMask: 0x40 })(busOff)).toBe(true);
    expect(createMatcher({ errorMask: 0x80 })(busOff)).toBe(false);
    expect(createMatcher({ errorMask: ALL_ERRORS, filters: [passAll], joinFilters: true })(busOff)).toBe(true);
    expect(createMatcher({ errorMask: ALL_ERRORS, filters: [passAll, passAll], joinFilters: true })(busOff)).toBe(
      false,
    );
  });

  test.each<[string, () => unknown]>([
    ["513 filters", () => createMatcher({ filters: Array.from({ length: 513 }, () => passAll) })],
    ["bit 29 in a mask", () => createMatcher({ filters: [{ id: 0, mask: 0x2000_0000, inverted: false }] })],
    ["an id of 33 bits", () => encodeFilters([{ id: 2 ** 32, mask: 0, inverted: false }])],
    ["an error mask of 30 bits", () => createMatcher({ errorMask: 2 ** 29 })],
    ["a mask that is wider than its id", () => maskFilter(standardId(1), 0x800)],
    ["an id that was made by hand", () => exactFilter(0x800 as never)],
    ["half a filter", () => decodeFilters(new Uint8Array(12))],
  ])("filters throw RangeError when there is %s", (_, act) => {
    expect(act).toThrow(RangeError);
  });

  test("createMatcher() throws TypeError when an option is unknown or has another type", () => {
    expect(() => createMatcher({ filter: [] } as never)).toThrow(TypeError);
    expect(() => createMatcher({ joinFilters: 1 } as never)).toThrow(TypeError);
    expect(() => createMatcher({ filters: [{ id: 0, mask: 0 }] } as never)).toThrow(TypeError);
  });
});

describe("encodeFilters()", () => {
  test("decodeFilters() gives back what encodeFilters() was given", () => {
    fc.assert(
      fc.property(fc.array(filters, { maxLength: 20 }), (set) => {
        expect(decodeFilters(encodeFilters(set))).toEqual(set);
      }),
    );
  });
});

describe("parseFilters()", () => {
  test("parseFilters() reads what candump takes", () => {
    expect(parseFilters("123:7FF,12345678~DFFFFFFF,#000000FF,j")).toEqual({
      filters: [
        { id: 0x123, mask: 0x7ff, inverted: false },
        { id: 0x92345678, mask: 0xdfff_ffff, inverted: true },
      ],
      joinFilters: true,
      errorMask: 0xff,
    });
    expect(parseFilters("")).toEqual({ filters: [passAll], joinFilters: false, errorMask: 0 });
    expect(parseFilters("#FFFFFFFF")).toEqual({ filters: [passAll], joinFilters: false, errorMask: ALL_ERRORS });
  });

  test.each(["123", "123:", ":7FF", "123:7FF,", "123-7FF", "g:1", "#", "123456789:1"])(
    "parseFilters() throws RangeError when it is %j",
    (text) => {
      expect(() => parseFilters(text)).toThrow(RangeError);
    },
  );
});
