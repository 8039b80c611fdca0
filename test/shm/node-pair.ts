import { openShm, type ShmLink, type ShmNode, type ShmNodeOptions } from "../../src/shm/index.js";
import { Control } from "../../src/shm/layout.js";
import type { IvshmemDevice } from "../../src/uio/index.js";
import type { LinkPair } from "../channel/link-pair.js";

/** Opens the end of a peer. */
export type OpenEnd = (peer: number) => Promise<IvshmemDevice> | IvshmemDevice;

const LEFT = 0;
const RIGHT = 1;

/** Two nodes on one ivshmem device and the links between them, with the mishaps of the field at call. */
export class NodePair implements LinkPair {
  readonly left: ShmLink;
  readonly #options: ShmNodeOptions;
  readonly #leftNode: ShmNode;
  #rightNode: ShmNode;
  #right: ShmLink;
  #rightState = 0;

  /** @internal Use {@link openNodePair}. */
  constructor(options: ShmNodeOptions, left: IvshmemDevice, right: IvshmemDevice) {
    this.#options = options;
    this.#leftNode = openShm(left, options);
    this.#rightNode = openShm(right, options);
    this.left = this.#leftNode.link(RIGHT);
    this.#right = this.#rightNode.link(LEFT);
  }

  get right(): ShmLink {
    return this.#right;
  }

  restartRight(): void {
    const { device } = this.#rightNode;
    // The node lets go of its device without a word, and the device stays: the next life begins before anyone can look.
    device.events.emit("close");
    this.#rightNode = openShm(device, this.#options);
    this.#right = this.#rightNode.link(LEFT);
  }

  suspendRight(): void {
    const { device } = this.#rightNode;
    this.#rightState = device.stateTable.get(RIGHT);
    device.setState(0);
  }

  resumeRight(): void {
    this.#rightNode.device.setState(this.#rightState);
  }

  breakRight(): void {
    const { device, geometry } = this.#rightNode;
    const bytes = device.outputSection?.bytes;
    const place = geometry.rings[LEFT];
    if (bytes === undefined || place === undefined) throw new Error("The right node has no ring to the left one");
    const tail = new DataView(bytes.buffer, bytes.byteOffset + place.control + Control.tail, 4);
    tail.setUint32(0, tail.getUint32(0, true) + 4, true);
    device.ring(LEFT);
  }

  close(): void {
    this.#leftNode.close();
    this.#rightNode.close();
  }
}

export async function openNodePair(open: OpenEnd, options: ShmNodeOptions = {}): Promise<NodePair> {
  return new NodePair(options, await open(LEFT), await open(RIGHT));
}
