import { afterAll, beforeAll, describe } from "vitest";
import { describeBus } from "../../can/bus-contract.js";
import { startControllers, stopControllers, tc } from "./interfaces.js";
import { openStage } from "./stage.js";

/**
 * Frames leave a controller no faster than this, bytes in a second: 500 classic frames of the kernel. The emulated bus takes no
 * time, and the receiving controller has room for a few frames only.
 */
const PACE = "tbf rate 64kbit burst 64 limit 160";

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
