import { afterAll, beforeAll } from "vitest";
import { type Machine, startMachine } from "../../src/sim/index.js";
import { describeChannelOver } from "../channel/channel-contract.js";
import { describeLink } from "../channel/link-contract.js";
import { MemoryMachine } from "../support/memory-device.js";
import { openNodePair } from "./node-pair.js";

const strategies = ["doorbell", "adaptive", "spin"] as const;

let machine: Machine;

beforeAll(async () => {
  machine = await startMachine();
});

afterAll(async () => {
  await machine.close();
});

for (const wait of strategies) {
  const inMemory = () => {
    const plain = new MemoryMachine();
    return openNodePair((peer) => plain.open(peer), { wait });
  };
  describeLink(`ShmLink in memory (${wait})`, inMemory);
  describeChannelOver(`ShmLink in memory (${wait})`, inMemory);

  // One machine for all: each pair finds the sections as the one before has left them.
  const simulated = () => openNodePair((peer) => machine.openDevice({ peer }), { wait });
  describeLink(`ShmLink on the simulated machine (${wait})`, simulated);
  describeChannelOver(`ShmLink on the simulated machine (${wait})`, simulated);
}
