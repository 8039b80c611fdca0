import { describe, expect, test } from "vitest";
import { type CanSettings, configureCanInterface, openCanInterfaceWatcher } from "../../../src/can/index.js";

describe("configureCanInterface()", () => {
  const refused: readonly [string, object, RegExp][] = [
    ["an unknown setting", { bitrate: 1 }, /Unknown option "bitrate"/],
    ["a bit rate of 0", { bitRate: 0 }, /bitRate must be an integer from 1/],
    ["a sample point in percent", { bitRate: 500_000, samplePoint: 87.5 }, /samplePoint is a part of a bit's time/],
    ["a sample point without bit rate", { samplePoint: 0.8 }, /samplePoint needs bitRate/],
    ["a jump width without data bit rate", { bitRate: 1, dataJumpWidth: 1 }, /dataJumpWidth needs dataBitRate/],
    ["a mode that does not exist", { modes: { fast: true } }, /no controller mode "fast"/],
    ["a negative time to the restart", { restartMs: -1 }, /restartMs must be an integer from 0/],
    ["a termination beyond 16 bits", { terminationOhm: 70_000 }, /terminationOhm must be an integer from 0 to 65535/],
  ];
  test.each(refused)("configureCanInterface() refuses %s before it looks for the interface", (_, settings, message) => {
    expect(() => configureCanInterface("nope", settings as CanSettings)).toThrow(message);
  });

  test("configureCanInterface() fails with ERR_NOT_FOUND when there is no such interface, or it is none of CAN", () => {
    expect(() => configureCanInterface("nope", { up: true })).toThrow(/no network interface "nope"/);
    expect(() => configureCanInterface("lo", { up: true })).toThrow(/lo is no CAN interface/);
  });
});

test("openCanInterfaceWatcher() refuses a time between looks that is none", () => {
  expect(() => openCanInterfaceWatcher({ pollMs: -1 })).toThrow(RangeError);
  expect(() => openCanInterfaceWatcher({ pollMs: "1" } as object)).toThrow(TypeError);
});
