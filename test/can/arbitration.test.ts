import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  arbitrationKey,
  type CanFrame,
  dataFrame,
  errorFrame,
  extendedId,
  fdFrame,
  idBits,
  isExtended,
  remoteFrame,
  standardId,
  xlFrame,
} from "../../src/can/index.js";
import { dataFrames, fdFrames, remoteFrames } from "./arbitrary.js";

/** The arbitration field as text of bits, spelled out apart from the code under test. */
function fieldOf(frame: CanFrame): string {
  if (frame.kind === "error" || frame.kind === "xl") throw new TypeError("not a frame with an id");
  const rtr = frame.kind === "remote" ? "1" : "0";
  const fdf = frame.kind === "fd" ? "1" : "0";
  const bits = idBits(frame.id).toString(2);
  if (!isExtended(frame.id)) return `${bits.padStart(11, "0")}${rtr}0${fdf}`;
  const long = bits.padStart(29, "0");
  return `${long.slice(0, 11)}11${long.slice(11)}${rtr}${fdf}`;
}

describe("arbitrationKey()", () => {
  test("arbitrationKey() orders frames as their bits on the wire would", () => {
    const frames = fc.oneof(dataFrames, remoteFrames, fdFrames);
    fc.assert(
      fc.property(frames, frames, (one, other) => {
        const [left, right] = [fieldOf(one), fieldOf(other)];
        const length = Math.min(left.length, right.length);
        const order = left.slice(0, length).localeCompare(right.slice(0, length));
        if (order !== 0) expect(Math.sign(arbitrationKey(one) - arbitrationKey(other))).toBe(order);
      }),
    );
  });

  test("arbitrationKey() puts the formats of one id in their order", () => {
    const order: CanFrame[] = [
      errorFrame(1),
      dataFrame(standardId(0x100)),
      fdFrame(standardId(0x100)),
      xlFrame(standardId(0x100), [1]),
      remoteFrame(standardId(0x100)),
      dataFrame(extendedId(0x100 << 18)),
      fdFrame(extendedId(0x100 << 18)),
      remoteFrame(extendedId(0x100 << 18)),
      dataFrame(extendedId((0x100 << 18) + 1)),
      dataFrame(standardId(0x101)),
    ];
    const keys = order.map(arbitrationKey);
    expect(keys).toEqual([...keys].sort((left, right) => left - right));
    expect(new Set(keys).size).toBe(order.length);
  });
});
