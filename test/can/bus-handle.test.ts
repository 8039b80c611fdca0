import { LoopbackBus } from "../support/loopback-bus.js";
import { describeBus } from "./bus-contract.js";

describeBus(
  "a bus in this process",
  () => {
    const bus = new LoopbackBus();
    return {
      open: async (_end, options) => bus.open(options),
      close: () => {},
      hold: () => bus.hold(),
      release: () => bus.release(),
      setUp: (up) => bus.setUp(up),
    };
  },
  { peerOrigin: "local", fd: true, remoteLengths: true, sendsErrors: true, holds: true, goesDown: true },
);
