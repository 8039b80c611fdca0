import { afterAll, beforeAll } from "vitest";
import { describeChannelOver } from "../../channel/channel-contract.js";
import { describeLink } from "../../channel/link-contract.js";
import { openNodePair } from "../../shm/node-pair.js";
import { loadModule, openPeer, raspberryPi4, unloadModule } from "./test-module.js";

const machines = [raspberryPi4, { ...raspberryPi4, vectors: 2, rwBytes: 0, outputBytes: 0x5000 }];

beforeAll(() => loadModule(machines));

afterAll(() => unloadModule());

machines.forEach(({ vectors }, number) => {
  const kind = vectors === 0 ? "INTx" : "MSI-X";
  for (const wait of ["doorbell", "adaptive"] as const) {
    const onKernel = () =>
      openNodePair((peer) => openPeer(number, peer, { fallbackPollMs: 50, force: true }), { wait });
    describeLink(`ShmLink on UIO (${kind}, ${wait})`, onKernel);
    describeChannelOver(`ShmLink on UIO (${kind}, ${wait})`, onKernel);
  }
});
