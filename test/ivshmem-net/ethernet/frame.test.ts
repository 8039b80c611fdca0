import { describe, expect, test } from "vitest";
import {
  destinationOf,
  EtherType,
  etherTypeOf,
  isSameAddress,
  randomAddress,
  sourceOf,
  writeHeader,
} from "../../../src/ivshmem-net/ethernet/frame.js";

describe("writeHeader()", () => {
  test("writeHeader() writes destination, source and type as IEEE 802.3 has them", () => {
    const frame = new Uint8Array(14);
    writeHeader(frame, Uint8Array.of(1, 2, 3, 4, 5, 6), Uint8Array.of(7, 8, 9, 10, 11, 12), 0x88b5);
    expect([...frame]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x88, 0xb5]);
    expect(etherTypeOf(frame)).toBe(EtherType.LOCAL_EXPERIMENTAL_1);
    expect([...destinationOf(frame)]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...sourceOf(frame)]).toEqual([7, 8, 9, 10, 11, 12]);
  });
});

describe("randomAddress()", () => {
  test("randomAddress() gives addresses that are administered locally, of one station, and not twice the same", () => {
    const addresses = Array.from({ length: 64 }, randomAddress);
    for (const address of addresses) expect((address[0] as number) & 3).toBe(2);
    expect(new Set(addresses.map(String)).size).toBe(64);
    expect(isSameAddress(addresses[0] as Uint8Array, addresses[1] as Uint8Array)).toBe(false);
    expect(isSameAddress(addresses[0] as Uint8Array, (addresses[0] as Uint8Array).slice())).toBe(true);
  });
});
