import { CarriedLink } from "../../src/carried/link.js";
import { openCarriedLink } from "../../src/carried/open.js";
import type { CarriedLinkOptions } from "../../src/carried/options.js";
import type { LinkPair } from "../channel/link-pair.js";
import { turns } from "../channel/until.js";
import { type Fate, MemoryCarrier } from "./memory-wire.js";

/** Two links over a wire in this process, with mishaps at call. */
export class MemoryCarrierPair implements LinkPair {
  readonly leftCarrier = new MemoryCarrier();
  readonly left: CarriedLink;
  readonly #options: CarriedLinkOptions;
  readonly #fate: Fate | undefined;
  #rightCarrier = new MemoryCarrier();
  #right: CarriedLink;

  constructor(options: CarriedLinkOptions, fate?: Fate) {
    this.#options = options;
    this.#fate = fate;
    if (fate !== undefined) this.leftCarrier.fate = fate;
    this.left = openCarriedLink((host) => new CarriedLink(host, this.leftCarrier), options);
    this.#right = this.#openRight();
  }

  get right(): CarriedLink {
    return this.#right;
  }

  get rightCarrier(): MemoryCarrier {
    return this.#rightCarrier;
  }

  async restartRight(): Promise<void> {
    await turns(100);
    const killed = this.#right;
    this.#rightCarrier.close();
    killed.abandon();
    this.#rightCarrier = new MemoryCarrier();
    this.#right = this.#openRight();
  }

  suspendRight(): void {
    this.#rightCarrier.muted = true;
  }

  resumeRight(): void {
    this.#rightCarrier.muted = false;
  }

  /** Sends a control frame of a type that does not exist, in the name of the right side. */
  breakRight(): void {
    this.leftCarrier.receive("control", Uint8Array.of(0x1f, 0, 0, 0, 0, 0, 0, 0));
  }

  close(): void {
    this.left.abandon();
    this.#right.abandon();
  }

  #openRight(): CarriedLink {
    const carrier = this.#rightCarrier;
    carrier.peer = this.leftCarrier;
    this.leftCarrier.peer = carrier;
    if (this.#fate !== undefined) carrier.fate = this.#fate;
    return openCarriedLink((host) => new CarriedLink(host, carrier), this.#options);
  }
}
