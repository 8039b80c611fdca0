import { afterAll, beforeAll, describe } from "vitest";
import { openSocketCan, type SocketCanOptions } from "../../../src/can/index.js";
import { describeBus } from "../../can/bus-contract.js";
import type { BusStage } from "../../can/bus-stage.js";
import { addVcan, ip, plug, remove, removePlug, startControllers, stopControllers, unplug } from "./interfaces.js";

const VCAN = "vcan0";

/** Two ends, each an interface that is there already. */
function openStage(ends: readonly [string, string], own: SocketCanOptions = {}): BusStage {
  const [first] = ends;
  let plugged = false;
  return {
    open: (end, options) => openSocketCan(ends[end], { ...own, ...options }),
    hold: () => {
      plugged = true;
      plug(first);
    },
    release: () => unplug(first),
    setUp: (up) => ip(`link set ${first} ${up ? "up" : "down"}`),
    close: () => {
      if (plugged) removePlug(first);
    },
  };
}

const virtual = { peerOrigin: "local", fd: true, sendsErrors: true, holds: true, goesDown: true } as const;

describe("on a virtual interface", () => {
  beforeAll(() => addVcan(VCAN));

  afterAll(() => remove(VCAN));

  describeBus("openSocketCan() of vcan", () => openStage([VCAN, VCAN]), virtual);

  // The queue of the device is full before the buffer of the socket is: ENOBUFS in place of EAGAIN.
  describeBus(
    "openSocketCan() of vcan with a large send buffer",
    () => openStage([VCAN, VCAN], { sendBufferBytes: 1 << 20 }),
    virtual,
  );
});

describe("on two controllers", () => {
  beforeAll(() => startControllers());

  afterAll(() => stopControllers());

  describeBus("openSocketCan() of SJA1000", () => openStage(["can0", "can1"]), {
    peerOrigin: "remote",
    fd: false,
    sendsErrors: false,
    holds: true,
    goesDown: true,
  });
});
