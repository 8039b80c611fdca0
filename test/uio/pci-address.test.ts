import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPciAddress, isPciAddress, type PciAddress, parsePciAddress } from "../../src/uio/pci-address.js";

const anyAddress = fc.record<PciAddress>({
  domain: fc.nat(0xffffffff),
  bus: fc.nat(0xff),
  device: fc.nat(0x1f),
  function: fc.nat(7),
});

describe("parsePciAddress()", () => {
  test.each<[string, PciAddress]>([
    ["ffffffff:00:01.0", { domain: 0xffffffff, bus: 0, device: 1, function: 0 }],
    ["0001:00:00.0", { domain: 1, bus: 0, device: 0, function: 0 }],
    ["10000:E1:1f.7", { domain: 0x10000, bus: 0xe1, device: 0x1f, function: 7 }],
    ["00:0e.1", { domain: 0, bus: 0, device: 14, function: 1 }],
    ["0:3.0", { domain: 0, bus: 0, device: 3, function: 0 }],
  ])("parsePciAddress() reads %s", (text, address) => {
    expect(parsePciAddress(text)).toEqual(address);
  });

  test.each([
    ...["", "uio0", "0001:00:00", "0001:00:00.8", "0001:00:20.0", "1ffffffff:00:00.0", "0001:100:00.0"],
    ...["-1:00:00.0", "0001:00:00.0 ", "x0001:00:00.0", "0001:00:00.0\n"],
  ])("parsePciAddress() throws TypeError when it is given %j", (text) => {
    expect(() => parsePciAddress(text)).toThrow(TypeError);
    expect(isPciAddress(text)).toBe(false);
  });
});

describe("formatPciAddress()", () => {
  test("formatPciAddress() writes what parsePciAddress() reads back", () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(parsePciAddress(formatPciAddress(address))).toEqual(address);
      }),
    );
  });

  test("formatPciAddress() writes the kernel's form", () => {
    expect(formatPciAddress(parsePciAddress("0:3.0"))).toBe("0000:00:03.0");
    expect(formatPciAddress(parsePciAddress("FFFFFFFF:00:01.0"))).toBe("ffffffff:00:01.0");
  });

  test.each<Partial<PciAddress>>([{ domain: -1 }, { bus: 256 }, { device: 32 }, { function: 8 }, { bus: 0.5 }])(
    "formatPciAddress() throws RangeError when a part is out of range: %j",
    (part) => {
      expect(() => formatPciAddress({ domain: 0, bus: 0, device: 0, function: 0, ...part })).toThrow(RangeError);
    },
  );
});
