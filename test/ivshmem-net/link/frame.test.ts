import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LinkBreach } from "../../../src/carried/fault.js";
import {
  encodeFrame,
  FRAME_HEADER_BYTES,
  FrameSplitter,
  FrameType,
  MAX_TCP_PDU_BYTES,
} from "../../../src/ivshmem-net/link/frame.js";
import { hex, pattern, shown } from "../../can/isotp/bytes.js";

interface Frame {
  readonly type: FrameType;
  readonly body: Uint8Array;
}

const bytes = (least: number, most: number) => fc.uint8Array({ minLength: least, maxLength: most });

const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant(FrameType.control), body: bytes(8, 8) }),
  fc.record({ type: fc.constant(FrameType.data), body: bytes(1, 300) }),
  fc.record({ type: fc.constant(FrameType.data), body: fc.integer({ min: 1, max: MAX_TCP_PDU_BYTES }).map(pattern) }),
);

/** Cuts bytes into chunks of these lengths, over and over. */
function cut(whole: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, index = 0; at < whole.length; index++) {
    const length = lengths[index % lengths.length] ?? 1;
    chunks.push(whole.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

function collect(splitter: FrameSplitter, chunks: readonly Uint8Array[]): Frame[] {
  const found: Frame[] = [];
  for (const chunk of chunks) {
    splitter.push(chunk, (type, body) => {
      found.push({ type, body: Uint8Array.from(body) });
      return true;
    });
  }
  return found;
}

describe("FrameSplitter", () => {
  test("finds the frames that were encoded, however they are cut", () => {
    fc.assert(
      fc.property(
        fc.array(frames, { minLength: 1, maxLength: 6 }),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 100_000 })), { minLength: 1 }),
        (sent, lengths) => {
          const whole = Buffer.concat(sent.map(({ type, body }) => encodeFrame(type, body)));
          expect(collect(new FrameSplitter(), cut(whole, lengths))).toEqual(sent);
        },
      ),
    );
  });

  test("hands on nothing more when its sink wants no more", () => {
    const frame = encodeFrame(FrameType.control, pattern(8));
    let count = 0;
    new FrameSplitter().push(Buffer.concat([frame, frame]), () => {
      count++;
      return false;
    });
    expect(count).toBe(1);
  });

  test("takes any bytes without an error but a LinkBreach", () => {
    fc.assert(
      fc.property(bytes(0, 64), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (whole, lengths) => {
        try {
          collect(new FrameSplitter(), cut(whole, lengths));
        } catch (error) {
          expect(error).toBeInstanceOf(LinkBreach);
        }
      }),
    );
  });

  test.each([
    ["type 0", "01 00 00 00 00"],
    ["a type that does not exist", "01 00 00 03 00"],
    ["a control frame of 7 bytes", "07 00 00 01"],
    ["a control frame of 9 bytes", "09 00 00 01"],
    ["a data PDU of no bytes", "00 00 00 02"],
    ["a data PDU that is a byte too long", "06 00 01 02"],
    ["a data PDU of 16 MiB", "FF FF FF 02"],
  ])("refuses %s as soon as the header is there", (_, header) => {
    for (const lengths of [[100], [1], [3]]) {
      expect(() => collect(new FrameSplitter(), cut(hex(header), lengths))).toThrow(LinkBreach);
    }
  });

  test("takes the longest data PDU", () => {
    const body = pattern(MAX_TCP_PDU_BYTES);
    const whole = encodeFrame(FrameType.data, body);
    expect(whole).toHaveLength(FRAME_HEADER_BYTES + MAX_TCP_PDU_BYTES);
    expect(collect(new FrameSplitter(), cut(whole, [1000]))).toEqual([{ type: FrameType.data, body }]);
  });
});

describe("encodeFrame()", () => {
  test.each<[Frame, string]>([
    [{ type: FrameType.control, body: hex("10 10 56 34 12 EF CD AB") }, "08 00 00 01 10 10 56 34 12 EF CD AB"],
    [{ type: FrameType.data, body: hex("01 02 03") }, "03 00 00 02 01 02 03"],
  ])("gives the bytes of docs/ivshmem-net-channels.md for %o", ({ type, body }, wanted) => {
    expect(shown(encodeFrame(type, body))).toBe(wanted);
  });
});
