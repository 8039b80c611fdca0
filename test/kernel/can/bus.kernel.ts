import { afterAll, beforeAll, describe } from "vitest";
import { dataFrame, exactFilter, extendedId, openSocketCan, type SocketCanOptions } from "../../../src/can/index.js";
import { describeBus } from "../../can/bus-contract.js";
import type { BusStage } from "../../can/bus-stage.js";
import { addVcan, ip, plug, remove, removePlug, startControllers, stopControllers, tc, unplug } from "./interfaces.js";

const VCAN = "vcan0";

/**
 * Frames leave a controller no faster than this, bytes in a second: 500 classic frames of the kernel. The emulated bus takes no
 * time, and the receiving controller has room for a few frames only.
 */
const PACE = "tbf rate 64kbit burst 64 limit 160";

/** Two ends, each an interface that is there already. */
function openStage(ends: readonly [string, string], own: SocketCanOptions = {}): BusStage {
  const [first, second] = ends;
  let plugged = false;
  return {
    open: (end, options) => openSocketCan(ends[end], { ...own, ...options }),
    hold: () => {
      plugged = true;
      plug(first);
    },
    release: () => unplug(first),
    setUp: (up) => ip(`link set ${first} ${up ? "up" : "down"}`),
    close: async () => {
      if (plugged) removePlug(first);
      if (first !== second) await drain(first, second);
    },
  };
}

/** Waits until nothing is on its way from one interface to the other. */
async function drain(first: string, second: string): Promise<void> {
  const last = dataFrame(extendedId(0x1fff_1234), [1, 2, 3]);
  const [sender, receiver] = [await openSocketCan(first), await openSocketCan(second)];
  const reader = receiver.receive({ filters: [exactFilter(last.id)] });
  await sender.send(last);
  await reader.next();
  for (const bus of [sender, receiver]) bus.close();
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
  beforeAll(() => {
    startControllers();
    tc(`qdisc replace dev can0 root ${PACE}`);
  });

  afterAll(() => {
    tc("qdisc del dev can0 root");
    stopControllers();
  });

  describeBus("openSocketCan() of SJA1000", () => openStage(["can0", "can1"]), {
    peerOrigin: "remote",
    fd: false,
    sendsErrors: false,
    holds: false,
    goesDown: true,
  });
});
