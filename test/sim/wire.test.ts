import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isIntercellError } from "../../src/errors.js";
import {
  ClientKind,
  decodeHello,
  decodeNotice,
  decodeWelcome,
  encodeHello,
  encodeNotice,
  encodeWelcome,
  HELLO_BYTES,
  NOTICE_BYTES,
  StopReason,
  WELCOME_BYTES,
} from "../../src/sim/wire.js";

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const kind = fc.constantFrom(ClientKind.CELL, ClientKind.CONTROL);
const size = fc.integer({ min: 0, max: 0x40000 }).map((pages) => pages * 0x1000);
const welcome = fc.record({
  errno: fc.integer({ min: 0, max: 4095 }),
  reason: fc.string({ unit: "grapheme", maxLength: 200 }),
  device: u32,
  peer: u32,
  geometry: fc.record({
    peers: u32,
    vectors: u32,
    protocol: u32,
    stateTableBytes: size,
    rwBytes: size,
    outputBytes: size,
  }),
  descriptorCount: u32,
});

describe("the messages between a cell and the broker", () => {
  test("decode to what was encoded", () => {
    fc.assert(
      fc.property(fc.record({ kind, device: u32, peer: u32 }), (hello) => {
        expect(decodeHello(encodeHello(hello))).toEqual(hello);
      }),
    );
    fc.assert(
      fc.property(welcome, (sent) => {
        expect(decodeWelcome(encodeWelcome(sent))).toEqual(sent);
      }),
    );
    for (const reason of Object.values(StopReason)) expect(decodeNotice(encodeNotice(reason))).toBe(reason);
  });

  test("lie where the C client looks for them", () => {
    const bytes = encodeWelcome({
      ...{ errno: 16, reason: "x", device: 1, peer: 2, descriptorCount: 9 },
      geometry: { peers: 3, vectors: 4, protocol: 5, stateTableBytes: 0x1000, rwBytes: 0x9000, outputBytes: 0x2000 },
    });
    const words = [0x4c574349, 1, -16, 1, 2, 3, 4, 5, 0x1000, 0, 0x9000, 0, 0x2000, 0, 9, 0];
    expect([...new Int32Array(bytes.buffer.slice(0, WELCOME_BYTES))]).toEqual(words);
    expect(bytes[WELCOME_BYTES]).toBe("x".charCodeAt(0));
    const hello = encodeHello({ kind: ClientKind.CELL, device: 6, peer: 7 });
    expect([...new Int32Array(hello.buffer)]).toEqual([0x4c484349, 1, 1, 6, 7, 0, 0, 0]);
    const notice = encodeNotice(StopReason.CRASHED);
    expect([...new Int32Array(notice.buffer)]).toEqual([0x544e4349, 1, 2, 0]);
    expect([hello.length, notice.length]).toEqual([HELLO_BYTES, NOTICE_BYTES]);
  });

  test("are refused with ERR_PROTOCOL when they are any other bytes", () => {
    const decoders = [decodeHello, decodeWelcome, decodeNotice];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(...decoders), (bytes, decode) => {
        try {
          decode(bytes);
          expect.unreachable("random bytes do not have the magic number");
        } catch (error) {
          expect(isIntercellError(error, "ERR_PROTOCOL")).toBe(true);
        }
      }),
    );
  });

  test("name both versions when they differ", () => {
    const hello = encodeHello({ kind: ClientKind.CELL, device: 0, peer: 0 });
    hello[4] = 2;
    expect(() => decodeHello(hello)).toThrow(/version 2 .* speaks 1/);
  });
});
