import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type BitTiming,
  type BitTimingLimits,
  calculateBitTiming,
  configureCanInterface,
  createVcan,
  createVxcan,
  deleteCanInterface,
  describeCanInterface,
  listCanInterfaces,
  restartCanInterface,
} from "../../../src/can/index.js";
import { isIntercellError } from "../../../src/errors.js";
import { TestNamespace } from "../../support/network-namespace.js";
import { resetCanInterfaces } from "./controllers.js";

interface Shown {
  readonly mtu: number;
  readonly txqlen: number;
  readonly flags: readonly string[];
  readonly linkinfo: { readonly info_kind: string; readonly info_data?: Record<string, unknown> };
}

/** What `ip` of iproute2 says of an interface. */
function ip(name: string): Shown {
  const [shown] = JSON.parse(execFileSync("ip", ["-json", "-details", "link", "show", name], { encoding: "utf8" }));
  return shown as Shown;
}

beforeEach(() => resetCanInterfaces());
afterEach(() => resetCanInterfaces());

describe("a controller", () => {
  test("configureCanInterface() fails with ERR_CONFIG when a controller is taken up without bit rate", () => {
    // Its bit rate goes with the interface, which its driver makes anew.
    const { parentDevice = "" } = describeCanInterface("can1");
    for (const verb of ["unbind", "bind"]) writeFileSync(`/sys/bus/pci/drivers/kvaser_pci/${verb}`, parentDevice);
    expect(describeCanInterface("can1").controller).toMatchObject({ bitTiming: undefined, state: "stopped" });
    expect(() => configureCanInterface("can1", { up: true })).toThrow(/Cannot take can1 up as it has no bit rate/);
  });

  test("describeCanInterface() agrees with ip about a controller that is up", () => {
    configureCanInterface("can0", { bitRate: 250_000, samplePoint: 0.8, up: true, txQueueLength: 64, restartMs: 100 });
    const { mtu, txqlen, linkinfo } = ip("can0");
    const data = linkinfo.info_data as Record<string, unknown>;
    const timing = data["bittiming"] as Record<string, string>;
    const limits = data["bittiming_const"] as Record<string, unknown>;
    const found = describeCanInterface("can0");
    expect(found).toMatchObject({
      up: true,
      carrier: true,
      kind: "can",
      fd: false,
      mtu,
      txQueueLength: txqlen,
      parentBus: "pci",
    });
    expect(found.controller).toMatchObject({
      state: String(data["state"]).toLowerCase(),
      clockHz: data["clock"],
      restartMs: data["restart_ms"],
      bitTiming: {
        bitRate: timing["bitrate"],
        samplePoint: Number(timing["sample_point"]),
        quantumNs: timing["tq"],
        propagationSegment: timing["prop_seg"],
        phaseSegment1: timing["phase_seg1"],
        phaseSegment2: timing["phase_seg2"],
        jumpWidth: timing["sjw"],
        prescaler: timing["brp"],
      },
      limits: {
        name: limits["name"],
        segment1: limits["tseg1"],
        segment2: limits["tseg2"],
        maxJumpWidth: (limits["sjw"] as { max: number }).max,
        prescaler: limits["brp"],
        prescalerStep: limits["brp_inc"],
      },
      errorCounters: { transmit: 0, receive: 0 },
      statistics: { busErrors: 0, busOffs: 0, restarts: 0 },
    });
    expect(found.controller?.supportedModes).toEqual(
      expect.arrayContaining(["loopback", "listenOnly", "tripleSampling", "oneShot", "berrReporting"]),
    );
    expect(found.parentDevice).toMatch(/^0000:00:[0-9a-f]{2}\.0$/);
  });

  /** Rates from 5 kbit/s to 1 Mbit/s: all usual ones, and many that do not divide the clock. */
  const bitRates = [
    ...[5, 10, 20, 33.333, 50, 62.5, 83.333, 100, 125, 250, 500, 800, 1000].map((kbit) => Math.round(kbit * 1000)),
    ...Array.from({ length: 100 }, (_, step) => 5_000 + step * 9_943),
  ];
  const samplePoints = [undefined, 0.5, 0.666, 0.75, 0.8, 0.875, 0.95];

  test.each(samplePoints)(
    "calculateBitTiming() chooses what the kernel does at every rate when the sample point is %s",
    (samplePoint) => {
      const { clockHz = 0, limits } = describeCanInterface("can0").controller ?? {};
      if (limits === undefined) throw new Error("The controller has no limits");
      const differing: object[] = [];
      let computed = 0;
      for (const bitRate of bitRates) {
        const kernel = outcome(() => {
          configureCanInterface("can0", { bitRate, samplePoint });
          return describeCanInterface("can0").controller?.bitTiming;
        });
        const own = outcome(() => calculateBitTiming({ bitRate, clockHz, limits, samplePoint }));
        computed += kernel === "refused" ? 0 : 1;
        if (JSON.stringify(kernel) !== JSON.stringify(own) && !isOverstrained(kernel, limits)) {
          differing.push({ bitRate, kernel, own });
        }
      }
      expect(differing).toEqual([]);
      expect(computed).toBeGreaterThan(60);
    },
  );

  /** With an early sample point Linux 6.1 may leave nothing of the first segment, which the controller does not allow. */
  function isOverstrained(kernel: BitTiming | "refused" | undefined, { segment1 }: BitTimingLimits): boolean {
    if (typeof kernel !== "object") return false;
    return kernel.propagationSegment + kernel.phaseSegment1 < segment1.min;
  }

  function outcome(action: () => BitTiming | undefined): BitTiming | undefined | "refused" {
    try {
      return action();
    } catch (error) {
      if (isIntercellError(error, "EDOM") || isIntercellError(error, "ERR_UNSUPPORTED")) return "refused";
      throw error;
    }
  }

  test("configureCanInterface() switches modes on and off, as ip then shows", () => {
    configureCanInterface("can0", {
      bitRate: 500_000,
      modes: { loopback: true, listenOnly: true, berrReporting: true },
    });
    configureCanInterface("can0", { modes: { listenOnly: false, oneShot: true, tripleSampling: true } });
    const on = ["loopback", "tripleSampling", "oneShot", "berrReporting"];
    expect(describeCanInterface("can0").controller?.modes).toEqual(on);
    const shown = ip("can0").linkinfo.info_data?.["ctrlmode"] as string[];
    expect([...shown].sort()).toEqual(["BERR-REPORTING", "LOOPBACK", "ONE-SHOT", "TRIPLE-SAMPLING"]);
    configureCanInterface("can0", { modes: Object.fromEntries(on.map((mode) => [mode, false])) });
    expect(describeCanInterface("can0").controller?.modes).toEqual([]);
  });

  test("configureCanInterface() keeps the jump width within what phase segment 2 allows, as calculateBitTiming() does", () => {
    const { clockHz = 0, limits } = describeCanInterface("can0").controller ?? {};
    if (limits === undefined) throw new Error("The controller has no limits");
    for (const jumpWidth of [1, 2, 3, 4, 9]) {
      configureCanInterface("can0", { bitRate: 500_000, jumpWidth });
      const own = calculateBitTiming({ bitRate: 500_000, clockHz, limits, jumpWidth });
      expect(describeCanInterface("can0").controller?.bitTiming).toEqual(own);
    }
  });

  test("configureCanInterface() fails with EBUSY and says what to do when the controller is up", () => {
    configureCanInterface("can0", { bitRate: 500_000, up: true });
    const change = () => configureCanInterface("can0", { bitRate: 125_000 });
    expect(change).toThrow(expect.objectContaining({ code: "EBUSY" }));
    expect(change).toThrow(/Cannot set bitRate 125000 of can0 .* Take the interface down first\./);
    configureCanInterface("can0", { up: false, bitRate: 125_000 });
    expect(describeCanInterface("can0")).toMatchObject({ up: false, controller: { bitTiming: { bitRate: 125_000 } } });
  });

  test("configureCanInterface() fails when the controller has no CAN FD", () => {
    const change = () => configureCanInterface("can0", { bitRate: 500_000, dataBitRate: 2_000_000, fd: true });
    expect(change).toThrow(/Cannot set bitRate 500000, dataBitRate 2000000, fd true of can0 .*supportedModes tell/);
  });

  test("configureCanInterface() fails with the kernel's errno when the bit rate is out of reach", () => {
    expect(() => configureCanInterface("can0", { bitRate: 3_000_000 })).toThrow(/EDOM.*cannot come near this bit rate/);
  });

  test("restartCanInterface() is refused when the controller is not in bus-off", () => {
    configureCanInterface("can0", { bitRate: 500_000, restartMs: 0 });
    expect(() => restartCanInterface("can0")).toThrow(/restart the controller of can0 .*Only a controller in bus-off/);
    configureCanInterface("can0", { up: true });
    expect(() => restartCanInterface("can0")).toThrow(/Only a controller in bus-off/);
  });
});

describe("interfaces of the kernel's own", () => {
  test("createVcan() makes a bus for CAN FD that is up, or one for classic frames that is down", () => {
    createVcan("vcan7");
    createVcan("vcan8", { fd: false, up: false, txQueueLength: 20 });
    expect(describeCanInterface("vcan7")).toMatchObject({
      kind: "vcan",
      up: true,
      fd: true,
      mtu: 72,
      controller: undefined,
    });
    expect(describeCanInterface("vcan8")).toMatchObject({ up: false, fd: false, mtu: 16, txQueueLength: 20 });
    expect(ip("vcan8")).toMatchObject({ mtu: 16, txqlen: 20, linkinfo: { info_kind: "vcan" } });
    expect(listCanInterfaces().map(({ name }) => name)).toEqual(["can0", "can1", "vcan7", "vcan8"]);
    deleteCanInterface("vcan8");
    expect(() => describeCanInterface("vcan8")).toThrow(expect.objectContaining({ code: "ERR_NOT_FOUND" }));
  });

  test("createVxcan() makes a cable into another network namespace", () => {
    const other = new TestNamespace();
    try {
      other.leave();
      createVxcan("cable0", { peer: "cable1", peerNamespace: { path: other.path } });
      expect(describeCanInterface("cable0")).toMatchObject({ kind: "vxcan", up: true, carrier: false, fd: true });
      other.enter();
      configureCanInterface("cable1", { up: true });
      expect(describeCanInterface("cable1")).toMatchObject({ kind: "vxcan", up: true, carrier: true });
      expect(listCanInterfaces().map(({ name }) => name)).toEqual(["cable1"]);
      other.leave();
      expect(describeCanInterface("cable0").carrier).toBe(true);
      deleteCanInterface("cable0");
    } finally {
      other.close();
    }
  });

  test("configureCanInterface() switches CAN FD of a virtual interface by its MTU", () => {
    createVcan("vcan0", { up: false });
    configureCanInterface("vcan0", { fd: false, up: true });
    expect(describeCanInterface("vcan0")).toMatchObject({ fd: false, mtu: 16, up: true });
    expect(() => configureCanInterface("vcan0", { fd: true })).toThrow(/EBUSY.*Take the interface down first/);
    configureCanInterface("vcan0", { up: false, fd: true });
    expect(describeCanInterface("vcan0")).toMatchObject({ fd: true, mtu: 72, up: false });
  });

  test("configureCanInterface() refuses a controller's setting when there is no controller", () => {
    createVcan("vcan0");
    expect(() => configureCanInterface("vcan0", { bitRate: 500_000 })).toThrow(
      /Cannot set bitRate of vcan0 as an interface of kind vcan has no controller/,
    );
    expect(() => restartCanInterface("vcan0")).toThrow(expect.objectContaining({ code: "ERR_UNSUPPORTED" }));
  });

  test("deleteCanInterface() refuses what is no CAN interface, and hardware", () => {
    expect(() => deleteCanInterface("lo")).toThrow(/lo is no CAN interface/);
    expect(() => deleteCanInterface("can0")).toThrow(expect.objectContaining({ code: "ERR_UNSUPPORTED" }));
  });
});
