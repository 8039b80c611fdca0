import { createVirtualBus } from "../../../src/can/index.js";
import { describeBody } from "../../channel/one-body.js";
import { openNodePair } from "../../shm/node-pair.js";
import { MemoryMachine } from "../../support/memory-device.js";
import { CanNodePair } from "./node-pair.js";

describeBody("shared memory", () => {
  const machine = new MemoryMachine();
  return openNodePair((peer) => machine.open(peer));
});

describeBody("classic CAN", () => {
  const bus = createVirtualBus({ fd: false });
  return new CanNodePair(() => bus.open());
});

describeBody("CAN FD with its times on the wire", () => {
  const bus = createVirtualBus({ bitRate: 1_000_000, dataBitRate: 8_000_000 });
  return new CanNodePair(() => bus.open(), { isoTp: { txDl: 64, bitRateSwitch: true } });
});

describeBody("CAN with the smallest window", () => {
  const bus = createVirtualBus();
  return new CanNodePair(() => bus.open(), { windowBytes: 1024 });
});
