import { afterAll, beforeAll, describe } from "vitest";
import { describeBus } from "../../can/bus-contract.js";
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
