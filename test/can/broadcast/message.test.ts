import fc from "fast-check";
import { expect, test } from "vitest";
import { kernelLongBits } from "../../../src/can/broadcast/manager.js";
import {
  BroadcastFlag,
  type BroadcastMessage,
  decodeBroadcast,
  encodeBroadcast,
  headerLayouts,
  type LongBits,
} from "../../../src/can/broadcast/message.js";
import type { CanFrame } from "../../../src/can/index.js";
import { dataFrames, fdFrames } from "../arbitrary.js";

const u32 = fc.nat(0xffff_ffff);
const interval = fc.integer({ min: 0, max: 86_400_000_000 });
const messages = (fd: boolean): fc.Arbitrary<BroadcastMessage> =>
  fc.record({
    opcode: fc.integer({ min: 1, max: 12 }),
    flags: fc.nat(0x7ff).map((flags) => flags + (fd ? BroadcastFlag.CAN_FD_FRAME : 0)),
    count: u32,
    firstIntervalUs: interval,
    secondIntervalUs: interval,
    canId: u32,
    frames: fc.array<CanFrame>(fd ? fdFrames : dataFrames, { maxLength: 5 }),
  });

test.each<LongBits>([32, 64])("decodeBroadcast() gives what encodeBroadcast() took, with longs of %i bits", (bits) => {
  fc.assert(
    fc.property(fc.oneof(messages(false), messages(true)), (message) => {
      expect(decodeBroadcast(encodeBroadcast(message, bits), bits)).toEqual(message);
    }),
  );
});

test("decodeBroadcast() gives undefined for bytes of another size", () => {
  const message = fc.sample(messages(false), 1)[0] as BroadcastMessage;
  const bytes = encodeBroadcast(message, 64);
  expect(decodeBroadcast(bytes.subarray(0, bytes.length - 1), 64)).toBeUndefined();
  expect(decodeBroadcast(bytes.subarray(0, headerLayouts[64].bytes - 1), 64)).toBeUndefined();
});

// Sizes by the compiler of each ABI: x86-64, aarch64 and i386, ARM EABI.
test.each<[LongBits, number]>([
  [64, 56],
  [32, 40],
])("the header of a kernel of %i bits has %i bytes", (bits, bytes) => {
  const empty = { opcode: 1, flags: 0, count: 0, firstIntervalUs: 0, secondIntervalUs: 0, canId: 0, frames: [] };
  expect(encodeBroadcast(empty, bits)).toHaveLength(bytes);
});

test.each<[string, LongBits]>([
  ["x86_64", 64],
  ["aarch64", 64],
  ["armv8l", 64],
  ["riscv64", 64],
  ["ppc64le", 64],
  ["armv7l", 32],
  ["i686", 32],
  ["riscv32", 32],
])("kernelLongBits() of %s is %i", (machine, bits) => {
  expect(kernelLongBits(machine)).toBe(bits);
});
