import { describe, expect, test } from "vitest";
import { pcap, pcapng } from "../../src/ivshmem-net/pcap.js";

const frame = {
  timeNs: 1_700_000_000_123_456_789n,
  direction: "out",
  bytes: Uint8Array.of(1, 2, 3, 4, 5),
  lengthBytes: 60,
} as const;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("pcap", () => {
  test("header() is that of a capture of Ethernet with nanoseconds", () => {
    expect(hex(pcap.header("x", 0x40000))).toBe(
      ["4d3cb2a1", "02000400", "00000000", "00000000", "00000400", "01000000"].join(""),
    );
  });

  test("frame() has seconds, nanoseconds, both lengths and the bytes", () => {
    expect(hex(pcap.frame(frame))).toBe("00f15365" + "15cd5b07" + "05000000" + "3c000000" + "0102030405");
  });
});

describe("pcapng", () => {
  test("header() is a section and an interface with its name and nanoseconds", () => {
    expect(hex(pcapng.header("sim", 0x40000))).toBe(
      "0a0d0d0a" +
        "1c000000" +
        "4d3c2b1a" +
        "01000000" +
        "ff".repeat(8) +
        "1c000000" +
        "01000000" +
        "28000000" +
        "01000000" +
        "00000400" +
        "02000300" +
        "73696d00" +
        "09000100" +
        "09000000" +
        "00000000" +
        "28000000",
    );
  });

  test("frame() is a packet padded to words with its direction", () => {
    expect(hex(pcapng.frame(frame))).toBe(
      "06000000" +
        "34000000" +
        "00000000" +
        "fe9c9717" +
        "15cd853d" +
        "05000000" +
        "3c000000" +
        "0102030405000000" +
        "02000400" +
        "02000000" +
        "00000000" +
        "34000000",
    );
    expect(hex(pcapng.frame({ ...frame, direction: "in" })).slice(-24)).toBe("01000000" + "00000000" + "34000000");
  });
});
