import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePciCapabilities } from "../../src/uio/pci-config.js";
import { configWith } from "./pci-config.js";

describe("parsePciCapabilities()", () => {
  test("parsePciCapabilities() finds MSI-X behind the vendor capability", () => {
    const config = configWith([0x09, 0x11], { msixControl: 0x8003 });
    expect(parsePciCapabilities(config)).toEqual({ msix: { tableSize: 4, enabled: true }, complete: true });
  });

  test("parsePciCapabilities() tells a table that is not enabled", () => {
    const config = configWith([0x11], { msixControl: 0x000f });
    expect(parsePciCapabilities(config).msix).toEqual({ tableSize: 16, enabled: false });
  });

  test("parsePciCapabilities() is sure that there is no MSI-X when the list ends without it", () => {
    expect(parsePciCapabilities(configWith([0x09]))).toEqual({ msix: undefined, complete: true });
  });

  test("parsePciCapabilities() is sure when the status says that there is no list, whatever the pointer", () => {
    const config = configWith([]);
    config[0x34] = 0x40;
    expect(parsePciCapabilities(config)).toEqual({ msix: undefined, complete: true });
  });

  test("parsePciCapabilities() is not sure when only the header could be read", () => {
    for (const length of [0, 63, 64, 66]) {
      const config = configWith([0x11]).subarray(0, length);
      expect(parsePciCapabilities(config)).toEqual({ msix: undefined, complete: false });
    }
  });

  test("parsePciCapabilities() gives up when the list runs in a circle", () => {
    const config = configWith([0x09, 0x05]);
    config[0x40 + 0x20 + 1] = 0x40;
    expect(parsePciCapabilities(config)).toEqual({ msix: undefined, complete: false });
  });

  test("parsePciCapabilities() ends with any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 256 }), (config) => {
        const { msix, complete } = parsePciCapabilities(config);
        expect(msix === undefined || complete).toBe(true);
      }),
    );
  });
});
