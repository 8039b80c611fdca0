import { observe, publish } from "../uio/atomic.js";
import { Fault, type FaultCode } from "./fault.js";
import type { RingPlace } from "./geometry.js";
import {
  type ExpectedHeader,
  epochIndex,
  observeEpoch,
  type PeerGeometry,
  placeStands,
  readPeerGeometry,
} from "./header.js";
import { Control } from "./layout.js";
import type { SectionMemory } from "./memory.js";

/**
 * - `idle`: no epoch of the peer is accepted
 * - `accepted`: the peer's epoch is echoed; waiting for it to echo ours
 * - `open`: the peer's ring may be read; waiting for it to be ready to read ours
 * - `up`: both directions flow
 */
export type SessionState = "idle" | "accepted" | "open" | "up";

/** What one {@link Session.step} did. `over` wants {@link Session.end} from the caller, once it took what is left. */
export type SessionStep = "none" | "accepted" | "opened" | "up" | "over";

export interface SessionMemory {
  readonly own: SectionMemory;
  readonly ownId: number;
  readonly ownPlace: RingPlace;
  readonly peer: SectionMemory;
  readonly expected: ExpectedHeader;
}

/**
 * One side of the handshake with one peer (docs/wire-protocol.md, section 3), in steps of one transition each.
 * Knows epochs and handshake words only: the caller starts the ring's two ends over when told to.
 */
export class Session {
  readonly #own: SectionMemory;
  readonly #peer: SectionMemory;
  readonly #ownId: number;
  readonly #expected: ExpectedHeader;
  readonly #ownEpochIndex: number;
  readonly #control: number;
  #state: SessionState = "idle";
  /** Own epoch for the peer, as int32; 0 while there is no link. */
  #epoch = 0;
  /** The peer's epoch that is accepted, as int32. */
  #accepted = 0;
  /** The peer's epoch that had its session, or that is refused: not accepted again. */
  #spent = 0;
  /** The peer's epoch whose section was read last. */
  #looked = 0;
  readonly #peerEpochIndex: number;
  /** An epoch that could not be accepted yet, as the peer was still in a session with our previous life. */
  #held = 0;
  #peerControl = 0;
  #geometry: PeerGeometry | undefined;

  constructor(memory: SessionMemory) {
    this.#own = memory.own;
    this.#peer = memory.peer;
    this.#ownId = memory.ownId;
    this.#expected = memory.expected;
    this.#ownEpochIndex = epochIndex(memory.expected.peerId);
    this.#peerEpochIndex = epochIndex(memory.ownId);
    this.#control = memory.ownPlace.control / 4;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Epoch of the peer whose session this is, 0 while idle. */
  get peerEpoch(): number {
    return this.#accepted >>> 0;
  }

  /** The peer's section as it was when its epoch was accepted. */
  get geometry(): PeerGeometry | undefined {
    return this.#geometry;
  }

  /** Why the peer refuses us with the epoch that we have, 0 if it does not. Any value may be found there. */
  get refusal(): number {
    if (this.#geometry === undefined) return 0;
    const word = observe(this.#peer.words, this.#peerControl + Control.fault / 4);
    return word >>> 8 === (this.#epoch & 0xffffff) ? word & 0xff : 0;
  }

  /** Publishes an epoch that was never used before. The handshake words must be 0, as after the start of the section or {@link stop}. */
  start(epoch: number): void {
    this.#epoch = epoch | 0;
    publish(this.#own.words, this.#ownEpochIndex, this.#epoch);
  }

  /** Takes the epoch back: the peer ends the session. */
  stop(): void {
    publish(this.#own.words, this.#ownEpochIndex, 0);
    this.#epoch = 0;
    this.end();
    this.#word(Control.fault, 0);
  }

  /**
   * True while the peer's epoch and echo are those of this session. Two loads.
   * To be asked before the peer's memory is read, and again after, before what was read is believed.
   */
  stands(): boolean {
    const words = this.#peer.words;
    return (
      this.#state !== "idle" &&
      observe(words, this.#peerEpochIndex) === this.#accepted &&
      (this.#state === "accepted" || observe(words, this.#peerControl + Control.echo / 4) === this.#epoch)
    );
  }

  /**
   * Does the next step of the handshake if the peer allows it. `present` tells whether the peer's state word is not 0; `prepare` is
   * called when the two rings start over at cursor 0, before the peer is told so.
   *
   * @throws Fault `version`, `geometry` or `reserved` for a peer that cannot be talked to: {@link refuse} it.
   */
  step(present: boolean, prepare: (geometry: PeerGeometry) => void): SessionStep {
    if (this.#state === "idle") {
      return present && this.#epoch !== 0 ? this.#accept(prepare) : "none";
    }
    if (!this.stands()) {
      return "over";
    }
    const words = this.#peer.words;
    if (this.#state === "accepted" && observe(words, this.#peerControl + Control.echo / 4) === this.#epoch) {
      this.#word(Control.open, this.#accepted);
      this.#state = "open";
      return "opened";
    }
    if (this.#state === "open" && observe(words, this.#peerControl + Control.open / 4) === this.#epoch) {
      this.#state = "up";
      return "up";
    }
    return "none";
  }

  /** True if what is left in the peer's ring after its session ended may be taken: its place has not changed. */
  get leftoversStand(): boolean {
    return this.#geometry !== undefined && placeStands(this.#peer, this.#ownId, this.#geometry.place);
  }

  /** True once the peer may have written to its ring in this session. */
  get wasOpen(): boolean {
    return this.#state === "open" || this.#state === "up";
  }

  /** Ends the session on this side; the next {@link step} looks for the next epoch of the peer. */
  end(): void {
    this.#word(Control.open, 0);
    this.#word(Control.echo, 0);
    this.#spent = this.#accepted === 0 ? this.#spent : this.#accepted;
    this.#accepted = 0;
    this.#state = "idle";
  }

  /** Tells the peer why it is refused; {@link end} follows. The epoch in which the fault was found is not accepted again. */
  tell(fault: FaultCode): void {
    if (this.#state === "idle") {
      this.#spent = this.#looked;
    }
    const refused = this.#state === "idle" ? this.#spent : this.#accepted;
    this.#word(Control.fault, fault | (refused << 8));
  }

  /** Epoch that the peer has for us at this moment, 0 if none. */
  get peerEpochNow(): number {
    return observe(this.#peer.words, this.#peerEpochIndex) >>> 0;
  }

  /** True if {@link step} would do something. */
  hasStep(present: boolean): boolean {
    const words = this.#peer.words;
    switch (this.#state) {
      case "idle":
        return present && this.#epoch !== 0 && this.#acceptable(observeEpoch(this.#peer, this.#ownId) | 0);
      case "accepted":
        return !this.stands() || observe(words, this.#peerControl + Control.echo / 4) === this.#epoch;
      case "open":
        return !this.stands() || observe(words, this.#peerControl + Control.open / 4) === this.#epoch;
      default:
        return !this.stands();
    }
  }

  #acceptable(epoch: number): boolean {
    return epoch !== 0 && epoch !== this.#spent && !(epoch === this.#held && this.#peerLingers());
  }

  /** True while the peer is still in a session with our previous life and may be reading our ring. */
  #peerLingers(): boolean {
    const echo = observe(this.#peer.words, this.#peerControl + Control.echo / 4);
    return echo !== 0 && echo !== this.#epoch;
  }

  #accept(prepare: (geometry: PeerGeometry) => void): SessionStep {
    const epoch = observeEpoch(this.#peer, this.#ownId) | 0;
    if (!this.#acceptable(epoch)) {
      return "none";
    }
    this.#looked = epoch;
    const geometry = this.#readGeometry(epoch);
    if (geometry === undefined) {
      return "none";
    }
    this.#geometry = geometry;
    this.#peerControl = geometry.place.control / 4;
    this.#held = epoch;
    if (this.#peerLingers()) {
      return "none";
    }
    prepare(geometry);
    this.#word(Control.fault, 0);
    this.#accepted = epoch;
    this.#state = "accepted";
    this.#word(Control.echo, epoch);
    return "accepted";
  }

  /** Undefined if the peer restarted while its section was read. */
  #readGeometry(epoch: number): PeerGeometry | undefined {
    try {
      const geometry = readPeerGeometry(this.#peer, this.#ownId, this.#expected);
      return (observeEpoch(this.#peer, this.#ownId) | 0) === epoch ? geometry : undefined;
    } catch (error) {
      if (error instanceof Fault && (observeEpoch(this.#peer, this.#ownId) | 0) !== epoch) {
        return undefined;
      }
      throw error;
    }
  }

  #word(offset: number, value: number): void {
    publish(this.#own.words, this.#control + offset / 4, value);
  }
}
