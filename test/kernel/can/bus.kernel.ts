import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataFrame, openSocketCan, standardId } from "../../../src/can/index.js";
import { describeBus } from "../../can/bus-contract.js";
import { until } from "../../channel/until.js";
import { CONTROLLERS, resetCanInterfaces, startControllers } from "./controllers.js";
import { addVcan, remove } from "./interfaces.js";
import { openStage } from "./stage.js";

const VCAN = "vcan0";

const virtual = {
  ...({ peerOrigin: "local", fd: true, remoteLengths: true } as const),
  ...({ sendsErrors: true, holds: true, goesDown: true } as const),
};

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

describe("a handle whose frames gather", () => {
  beforeAll(() => addVcan(VCAN));

  afterAll(() => remove(VCAN));

  describeBus("openSocketCan() of vcan with gatherMs", () => openStage([VCAN, VCAN], { gatherMs: 5 }), virtual);

  test("openSocketCan() with gatherMs hands out what came meanwhile together, and the first after a pause at once", async () => {
    const GATHER_MS = 100;
    const [sender, receiver] = [await openSocketCan(VCAN), await openSocketCan(VCAN, { gatherMs: GATHER_MS })];
    const numbers: (number | undefined)[] = [];
    let [batches, counted] = [0, false];
    receiver.listen(({ frame }) => {
      numbers.push(frame.kind === "data" ? frame.data[0] : undefined);
      if (counted) return;
      counted = true;
      batches++;
      setImmediate(() => {
        counted = false;
      });
    });
    const begin = performance.now();
    for (let number = 0; number < 100; number++) {
      await sender.send(dataFrame(standardId(1), [number]));
      await pause(3);
    }
    await until(() => numbers.length === 100, "all frames are there");
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, number) => number));
    // A timer may be a millisecond early.
    expect(batches).toBeLessThanOrEqual(1 + (performance.now() - begin) / (GATHER_MS - 1));
    for (const bus of [sender, receiver]) bus.close();
  });
});

describe("on two controllers of one bus", () => {
  beforeAll(() => startControllers());

  afterAll(() => resetCanInterfaces());

  // They carry no CAN FD, and no driver sends error frames.
  describeBus("openSocketCan() of SJA1000", () => openStage(CONTROLLERS), {
    peerOrigin: "remote",
    fd: false,
    remoteLengths: false,
    sendsErrors: false,
    holds: true,
    goesDown: true,
  });
});
