import { describe, expect, test } from "vitest";
import { sourceOf } from "../../../src/ivshmem-net/ethernet/frame.js";
import {
  ALL_NODES,
  decodeIcmpv6,
  encodeIcmpv6,
  type Icmpv6Message,
  Icmpv6Type,
  linkLocalOf,
} from "../../../src/ivshmem-net/ping/icmpv6.js";
import { answerSolicitation } from "../../../src/ivshmem-net/ping/neighbour.js";
import { formatIpAddress } from "../../../src/netlink/ip-address.js";

const mac = Uint8Array.of(2, 0, 0, 0, 0, 2);
const station = { mac, ip: linkLocalOf(mac) };
const other = { mac: Uint8Array.of(2, 0, 0, 0, 0, 9), ip: linkLocalOf(Uint8Array.of(2, 0, 0, 0, 0, 9)) };

/** An echo request 1 of 0x1234 with the data 1, 2, 3, put together by Python. */
const request =
  "33 33 00 00 00 01 02 00 00 00 00 02 86 dd 60 00 00 00 00 0b 3a ff fe 80 00 00 00 00 00 00 00 00 00 ff fe 00 00 02 " +
  "ff 02 00 00 00 00 00 00 00 00 00 00 00 00 00 01 80 00 6c fc 12 34 00 01 01 02 03";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const encode = (type: number, body: Uint8Array, hopLimit = 255) =>
  encodeIcmpv6(station, ALL_NODES, type, body, hopLimit);

describe("linkLocalOf()", () => {
  test("linkLocalOf() turns the second bit of the MAC address and puts ff fe in its middle", () => {
    expect(formatIpAddress(linkLocalOf(Uint8Array.of(0, 0x11, 0x22, 0x33, 0x44, 0x55)))).toBe(
      "fe80::211:22ff:fe33:4455",
    );
    expect(formatIpAddress(station.ip)).toBe("fe80::ff:fe00:2");
  });
});

describe("encodeIcmpv6() and decodeIcmpv6()", () => {
  test("encodeIcmpv6() writes a message byte by byte, its checksum over an odd number of bytes included", () => {
    expect(hex(encode(Icmpv6Type.ECHO_REQUEST, Uint8Array.of(0x12, 0x34, 0, 1, 1, 2, 3)))).toBe(hex(bytesOf(request)));
  });

  test("decodeIcmpv6() finds what encodeIcmpv6() wrote, with padding behind it", () => {
    const frame = new Uint8Array(100);
    frame.set(bytesOf(request));
    const message = decodeIcmpv6(frame) as Icmpv6Message;
    expect(message).toMatchObject({ type: 128, hopLimit: 255, intact: true });
    expect(hex(message.source)).toBe(hex(station.ip));
    expect(hex(message.destination)).toBe(hex(ALL_NODES.ip));
    expect(message.bytes).toHaveLength(11);
  });

  test("decodeIcmpv6() tells when any bit of the message or its addresses was turned", () => {
    for (let at = 22; at < bytesOf(request).length; at++) {
      const frame = bytesOf(request);
      frame[at] = (frame[at] as number) ^ 0x10;
      expect(decodeIcmpv6(frame)?.intact, `byte ${at}`).toBe(false);
    }
  });

  const changed = (at: number, value: number) => {
    const frame = bytesOf(request);
    frame[at] = value;
    return frame;
  };
  test.each([
    ["another type of Ethernet", changed(12, 8)],
    ["IPv4", changed(14, 0x40)],
    ["UDP", changed(20, 17)],
    ["a length beyond the frame", changed(19, 12)],
    ["a length of less than a header", changed(19, 3)],
    ["a frame that ends early", bytesOf(request).subarray(0, 57)],
    ["no frame at all", new Uint8Array()],
  ])("decodeIcmpv6() finds nothing in %s", (_, frame) => {
    expect(decodeIcmpv6(frame)).toBeUndefined();
  });
});

describe("answerSolicitation()", () => {
  function solicit(target: Uint8Array, { from = other, hopLimit = 255, cut = 0 } = {}) {
    const body = new Uint8Array(20 - cut);
    body.set(target.subarray(0, 16 - cut), 4);
    const frame = encodeIcmpv6(from, ALL_NODES, Icmpv6Type.NEIGHBOUR_SOLICITATION, body, hopLimit);
    return answerSolicitation(station, decodeIcmpv6(frame) as Icmpv6Message, frame);
  }

  test("answerSolicitation() says which Ethernet address has the own IPv6 address, to who asked", () => {
    const frame = solicit(station.ip) as Uint8Array;
    expect(hex(frame.subarray(0, 6))).toBe(hex(other.mac));
    expect(hex(sourceOf(frame))).toBe(hex(mac));
    const message = decodeIcmpv6(frame) as Icmpv6Message;
    expect(message).toMatchObject({ type: 136, hopLimit: 255, intact: true });
    expect(hex(message.destination)).toBe(hex(other.ip));
    expect(hex(message.bytes.subarray(4))).toBe(`60000000${hex(station.ip)}0201${hex(mac)}`);
  });

  test.each([
    ["another address", solicit(other.ip)],
    ["a question from afar", solicit(station.ip, { hopLimit: 254 })],
    ["one without an address", solicit(station.ip, { from: { ...other, ip: new Uint8Array(16) } })],
    ["half a question", solicit(station.ip, { cut: 1 })],
  ])("answerSolicitation() gives no answer to %s", (_, answer) => {
    expect(answer).toBeUndefined();
  });
});
