import { describe, expect, test } from "vitest";
import {
  AGAIN,
  FrameKind,
  RELIABLE_HEADER_BYTES,
  type ReliableHeader,
  readReliableFrame,
  writeReliableHeader,
} from "../../../src/ivshmem-net/reliable/frame.js";

const header: ReliableHeader = {
  ...{ type: FrameKind.DATA, epoch: 0x0403_0201, echo: 0x1413_1211, sequence: 0xffff_fffe },
  ...{ acknowledged: 0x8000_0001, window: 0x4022, flags: AGAIN, kind: 0x7f },
};

/** The header above and two bytes, as docs/ivshmem-net-ethernet.md has them; test/c/reliable_test.c holds the same. */
const bytes = Uint8Array.from([
  ...[0x1c, 0x11, 2, 0, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14],
  ...[0xfe, 0xff, 0xff, 0xff, 1, 0, 0, 0x80, 0x22, 0x40, 1, 0x7f, 0xaa, 0xbb],
]);

describe("writeReliableHeader() and readReliableFrame()", () => {
  test("writeReliableHeader() writes the header byte by byte", () => {
    const written = new Uint8Array(3 + bytes.length);
    written.set([0xaa, 0xbb], 3 + RELIABLE_HEADER_BYTES);
    writeReliableHeader(new DataView(written.buffer), 3, header, 2);
    expect(written.subarray(3)).toEqual(bytes);
  });

  test("readReliableFrame() finds header and record, with padding behind them", () => {
    const padded = new Uint8Array(60);
    padded.set(bytes);
    for (const frame of [bytes, padded]) {
      const read = readReliableFrame(frame);
      expect(read?.header).toEqual(header);
      expect([...(read?.payload ?? [])]).toEqual([0xaa, 0xbb]);
    }
  });

  const changed = (at: number, ...values: readonly number[]) => {
    const frame = bytes.slice();
    frame.set(values, at);
    return frame;
  };
  test.each([
    ["another magic", changed(0, 0x1d)],
    ["another version", changed(1, 0x21)],
    ["a type that does not exist", changed(1, 0x15)],
    ["an epoch of 0", changed(4, 0, 0, 0, 0)],
    ["a length beyond the frame", changed(2, 3)],
    ["half a header", bytes.subarray(0, 23)],
    ["nothing", new Uint8Array()],
  ])("readReliableFrame() finds nothing in a frame with %s", (_, frame) => {
    expect(readReliableFrame(frame)).toBeUndefined();
  });
});
