import { afterAll, beforeAll, describe } from "vitest";
import {
  extendedAddress,
  type IsoTpAddress,
  type IsoTpEndpoint,
  mixedAddress,
  normalAddress,
  normalFixedAddress,
  openIsoTp,
  openKernelIsoTp,
  type SocketCanBus,
  standardId,
} from "../../../src/can/index.js";
import { openSocketHandle } from "../../../src/can/socket-can.js";
import { describeIsoTp, type IsoTpPair, type PairOptions } from "../../can/isotp/isotp-contract.js";
import { addVcan, remove } from "./interfaces.js";

const VCAN = "vcan4";
const LEFT = standardId(0x7e0);
const RIGHT = standardId(0x7e8);

const addresses = {
  normal: [normalAddress({ tx: LEFT, rx: RIGHT }), normalAddress({ tx: RIGHT, rx: LEFT })],
  "normal fixed": [normalFixedAddress({ target: 1, source: 2 }), normalFixedAddress({ target: 2, source: 1 })],
  extended: [
    extendedAddress({ tx: LEFT, rx: RIGHT, target: 0xf1, own: 0x10 }),
    extendedAddress({ tx: RIGHT, rx: LEFT, target: 0x10, own: 0xf1 }),
  ],
  mixed: [
    mixedAddress({ tx: LEFT, rx: RIGHT, extension: 1, rxExtension: 2 }),
    mixedAddress({ tx: RIGHT, rx: LEFT, extension: 2, rxExtension: 1 }),
  ],
} as const;

type Segmenter = "kernel" | "package";

function openPair(kind: keyof typeof addresses, by: readonly [Segmenter, Segmenter], more: PairOptions): IsoTpPair {
  const buses: SocketCanBus[] = [];
  const open = (segmenter: Segmenter, address: IsoTpAddress): IsoTpEndpoint => {
    if (segmenter === "kernel") return openKernelIsoTp(VCAN, { address, ...more });
    const bus = openSocketHandle(VCAN, {});
    buses.push(bus);
    return openIsoTp(bus, { address, ...more });
  };
  const [left, right] = [open(by[0], addresses[kind][0]), open(by[1], addresses[kind][1])];
  return {
    left,
    right,
    close: () => {
      for (const each of [left, right, ...buses]) each.close();
    },
  };
}

beforeAll(() => addVcan(VCAN));

afterAll(() => remove(VCAN));

describe("on vcan", () => {
  const wide = { txDl: 64, bitRateSwitch: true };
  for (const kind of ["normal", "normal fixed", "extended", "mixed"] as const) {
    describeIsoTp(`openKernelIsoTp (${kind} addressing)`, (more) => openPair(kind, ["kernel", "kernel"], more), 9000);
  }
  describeIsoTp("openKernelIsoTp (frames of 64 bytes, blocks of 3)", (more) =>
    openPair("normal", ["kernel", "kernel"], { ...wide, blockSize: 3, ...more }),
  );
  describeIsoTp("openKernelIsoTp (8 bytes, no padding)", (more) =>
    openPair("normal", ["kernel", "kernel"], { padding: "none", ...more }),
  );
  describeIsoTp("openKernelIsoTp to openIsoTp", (more) => openPair("normal", ["kernel", "package"], more));
  describeIsoTp("openIsoTp to openKernelIsoTp", (more) => openPair("extended", ["package", "kernel"], more));
  describeIsoTp("openKernelIsoTp to openIsoTp (frames of 64 bytes)", (more) =>
    openPair("mixed", ["kernel", "package"], { ...wide, ...more }),
  );
  describeIsoTp("openIsoTp to openKernelIsoTp (frames of 64 bytes)", (more) =>
    openPair("normal fixed", ["package", "kernel"], { ...wide, ...more }),
  );
  describeIsoTp("openIsoTp to itself", (more) => openPair("normal", ["package", "package"], more));
});
