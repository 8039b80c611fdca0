import {
  type CanBus,
  type CanLink,
  type CanNode,
  type CanNodeOptions,
  dataFrame,
  extendedId,
  openCan,
} from "../../../src/can/index.js";
import type { LinkPair } from "../../channel/link-pair.js";
import { turns } from "../../channel/until.js";
import { type MutedBus, muteable } from "./muted-bus.js";

/** Opens another handle on one bus. */
export type OpenBus = () => CanBus;

export const LEFT = 1;
export const RIGHT = 2;

/** Turns of the event loop in which what was flushed is on the wire. */
const WIRE_TURNS = 100;

/** Two nodes on one CAN bus and the links between them, with the mishaps of the field at call. */
export class CanNodePair implements LinkPair {
  readonly leftNode: CanNode;
  readonly left: CanLink;
  readonly #open: OpenBus;
  readonly #options: Omit<CanNodeOptions, "node">;
  readonly #buses: CanBus[] = [];
  #rightBus: MutedBus;
  #rightNode: CanNode;
  #right: CanLink;

  constructor(open: OpenBus, options: Omit<CanNodeOptions, "node"> = {}) {
    this.#open = open;
    this.#options = options;
    this.leftNode = openCan(this.#openBus(), { node: LEFT, ...options });
    this.left = this.leftNode.link(RIGHT);
    this.#rightBus = muteable(this.#openBus());
    this.#rightNode = openCan(this.#rightBus, { node: RIGHT, ...options });
    this.#right = this.#rightNode.link(LEFT);
  }

  get right(): CanLink {
    return this.#right;
  }

  get rightNode(): CanNode {
    return this.#rightNode;
  }

  /** Over CAN a record is out of its program's hands once its last frame is on the wire. */
  async restartRight(): Promise<void> {
    await turns(WIRE_TURNS);
    this.#rightBus.close();
    this.#rightBus = muteable(this.#openBus());
    this.#rightNode = openCan(this.#rightBus, { node: RIGHT, ...this.#options });
    this.#right = this.#rightNode.link(LEFT);
  }

  suspendRight(): void {
    this.#rightBus.muted = true;
  }

  resumeRight(): void {
    this.#rightBus.muted = false;
  }

  /** Sends a control frame of a type that does not exist, in the name of the right node. */
  async breakRight(): Promise<void> {
    const bus = this.#openBus();
    await bus.send(dataFrame(extendedId(0x1abc_0000 + LEFT * 0x100 + RIGHT), [0x1f, 0, 0, 0, 0, 0, 0, 0]));
  }

  close(): void {
    this.leftNode.close();
    this.#rightNode.close();
    for (const bus of this.#buses) bus.close();
  }

  #openBus(): CanBus {
    const bus = this.#open();
    this.#buses.push(bus);
    return bus;
  }
}
