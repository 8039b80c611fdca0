import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DatagramType,
  DiscoveryType,
  decodeDatagram,
  encodeDatagram,
  encodeDiscovery,
  isDiscovery,
} from "../../../src/ivshmem-net/link/datagram.js";
import { hex, shown } from "../../can/isotp/bytes.js";

const u32 = fc.nat(0xffff_ffff);

describe("encodeDatagram() and decodeDatagram()", () => {
  test("are each other's inverse", () => {
    const datagrams = fc.record({
      ...{ stamp: u32, counter: u32, type: fc.constantFrom(...Object.values(DatagramType)) },
      pdu: fc.uint8Array({ minLength: 1, maxLength: 1500 }),
    });
    fc.assert(
      fc.property(datagrams, (datagram) => {
        expect(decodeDatagram(encodeDatagram(datagram))).toEqual(datagram);
      }),
    );
  });

  test("give the bytes of docs/ivshmem-net-channels.md", () => {
    const bytes = encodeDatagram({ stamp: 0x1234_5678, counter: 7, type: DatagramType.broadcast, pdu: hex("AA BB") });
    expect(shown(bytes)).toBe("78 56 34 12 07 00 00 00 02 00 00 00 AA BB");
  });

  test.each([
    ["nothing", ""],
    ["a header without a PDU", "78 56 34 12 07 00 00 00 02 00 00 00"],
    ["type 0", "78 56 34 12 07 00 00 00 00 00 00 00 AA"],
    ["a type that does not exist", "78 56 34 12 07 00 00 00 03 00 00 00 AA"],
    ["a byte that must be zero", "78 56 34 12 07 00 00 00 02 01 00 00 AA"],
    ["another byte that must be zero", "78 56 34 12 07 00 00 00 02 00 00 01 AA"],
  ])("refuse %s", (_, bytes) => {
    expect(decodeDatagram(hex(bytes))).toBeUndefined();
  });
});

describe("encodeDiscovery() and isDiscovery()", () => {
  test("know the bytes of docs/ivshmem-net-channels.md", () => {
    const seek = encodeDiscovery(DiscoveryType.seek, 16_646);
    expect(shown(seek)).toBe("69 63 6E 6C 01 01 06 41 00 00 00 00");
    expect(isDiscovery(seek, DiscoveryType.seek, 16_646)).toBe(true);
  });

  test.each([
    ["nothing", ""],
    ["the answer", "69 63 6E 6C 01 02 06 41 00 00 00 00"],
    ["another port", "69 63 6E 6C 01 01 07 41 00 00 00 00"],
    ["another version", "69 63 6E 6C 02 01 06 41 00 00 00 00"],
    ["a byte that must be zero", "69 63 6E 6C 01 01 06 41 00 00 00 01"],
    ["a byte more", "69 63 6E 6C 01 01 06 41 00 00 00 00 00"],
  ])("refuse %s", (_, bytes) => {
    expect(isDiscovery(hex(bytes), DiscoveryType.seek, 16_646)).toBe(false);
  });
});
