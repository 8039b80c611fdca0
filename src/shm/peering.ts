import type { LinkDownReason } from "../channel/link.js";
import type { LinkCounters } from "../channel/link-counters.js";
import { Fault } from "./fault.js";
import type { RingPlace } from "./geometry.js";
import type { PeerGeometry } from "./header.js";
import { Inbox } from "./inbox.js";
import { Liveness, type Suspension } from "./liveness.js";
import type { SectionMemory } from "./memory.js";
import type { Roster } from "./roster.js";
import { Session } from "./session.js";

/** Handshake steps in one poll at most: a peer that changes its epoch without end does not keep us. */
const STEPS_PER_POLL = 8;

/** What of a device and its sections one link is about. */
export interface PeeringMemory {
  readonly own: SectionMemory;
  readonly ownId: number;
  /** The ring to the peer in the own section. */
  readonly place: RingPlace;
  readonly peer: SectionMemory;
  readonly peerId: number;
  readonly maxPeers: number;
  readonly vectors: number;
  /** Time without a heartbeat after which the peer counts as stalled, at least. */
  readonly stallMs: number;
}

/** What a peering tells its link, which does the rest. */
export interface PeeringHost {
  readonly roster: Roster;
  readonly counters: LinkCounters;
  /** The peer's state word as of now. */
  peerState(): number;
  /** Rings the peer, whether it sleeps or not. */
  ring(): void;
  /** The rings start over: towards a peer whose control block for us lies at `control` of its section. */
  restarted(control: number): void;
  /** The peer's ring has room again. */
  acknowledged(): void;
  up(): void;
  suspended(suspension: Suspension): void;
  resumed(): void;
  /**
   * The session ends; the peering is still as it was in it. What is returned reports it, once nothing is written to the
   * section any more: a listener may close the link, with its memory.
   */
  down(reason: LinkDownReason): () => void;
  /** The peer closed its side of the session and told this fault. */
  refusedByPeer(fault: number): void;
  /** Polls soon. */
  attend(): void;
}

/** The sessions with one peer, one after the other: handshake, whether the peer is there, and what is read of it. */
export class Peering {
  readonly session: Session;
  readonly #memory: PeeringMemory;
  readonly #host: PeeringHost;
  readonly #liveness: Liveness;
  #inbox: Inbox | undefined;
  #suspension: Suspension | undefined;
  #refused = false;
  /** A listener or handler may close the link, with its memory, in the middle of anything below. */
  #closed = false;
  /** The peer's refusal of our epoch was reported. */
  #refusalTold = false;

  constructor(memory: PeeringMemory, host: PeeringHost) {
    this.#memory = memory;
    this.#host = host;
    this.#liveness = new Liveness(memory.peer, memory.stallMs);
    this.session = new Session({
      own: memory.own,
      ownId: memory.ownId,
      ownPlace: memory.place,
      peer: memory.peer,
      expected: {
        sectionSize: memory.peer.bytes.byteLength,
        maxPeers: memory.maxPeers,
        peerId: memory.peerId,
        vectors: memory.vectors,
      },
    });
  }

  get isUp(): boolean {
    return this.session.state === "up";
  }

  /** Why records do not flow though the session stands. */
  get suspension(): Suspension | undefined {
    return this.#suspension;
  }

  /** True while the peer is not talked to, as it broke the protocol. */
  get refused(): boolean {
    return this.#refused;
  }

  get vector(): number {
    return this.session.geometry?.vector ?? 0;
  }

  /** Does what there is to do; returns the number of records handled. @throws Fault, for {@link refuse} */
  poll(): number {
    if (!this.isUp || !this.session.stands()) this.#advance();
    const inbox = this.#inbox;
    if (inbox === undefined || !this.session.wasOpen) return 0;
    if (this.#host.roster.hasLate) this.#host.roster.meetLate(inbox.region);
    const handled = inbox.read();
    if (!this.#closed) this.#reportSuspension();
    return handled;
  }

  /** True if {@link poll} would find something. */
  get hasWork(): boolean {
    // The end of a session waits for the handler that gave a record back, which is no reason to look again and again.
    if (this.#inbox?.paused === true && this.session.wasOpen && !this.session.stands()) return false;
    if (this.session.hasStep(this.#host.peerState() !== 0)) return true;
    return this.session.wasOpen && (this.#inbox?.hasMore === true || this.#host.roster.hasLate);
  }

  /** Takes up delivery after a handler gave a record back. */
  resume(): void {
    if (this.#inbox?.paused === true) {
      this.#inbox.resume();
      this.#host.attend();
    }
  }

  /** The peer's state word changed. What it left is read before it is reported as away. */
  stateChanged(state: number): void {
    this.#liveness.stateChanged(state);
    this.#host.attend();
  }

  watchHeartbeat(nowMs: number): void {
    this.#liveness.watchHeartbeat(nowMs);
    this.#reportSuspension();
  }

  /** Ends the session on this side, if there is one, and tells the host why. */
  end(reason: LinkDownReason): void {
    const report = this.#host.down(reason);
    this.session.end();
    this.#forget();
    report();
  }

  /** Forgets the session without a look at its memory, which is gone. */
  abandon(): void {
    this.#closed = true;
    this.#forget();
  }

  /** Ends the session in good order: the epoch goes first, as a peer that lost its echo alone would think itself refused. */
  close(): void {
    this.#closed = true;
    const report = this.#host.down("closed");
    this.session.stop();
    this.#forget();
    report();
  }

  /**
   * Closes the session with a peer that broke the protocol, and tells it so; it is not talked to until it restarts. Returns false if it has
   * restarted already, so that what was found means nothing.
   */
  refuse(fault: Fault): boolean {
    if (this.session.state !== "idle" && !this.session.stands()) {
      this.#host.attend();
      return false;
    }
    this.#refused = true;
    this.session.tell(fault.faultCode);
    this.end("fault");
    this.#host.ring();
    return true;
  }

  #forget(): void {
    this.#inbox?.close();
    this.#inbox = undefined;
    this.#suspension = undefined;
  }

  /** Does the handshake as far as the peer lets us. */
  #advance(): void {
    for (let count = 0; count < STEPS_PER_POLL; count += 1) {
      const present = this.#host.peerState() !== 0;
      const step = this.session.step(present, (geometry) => this.#prepare(geometry));
      if (step === "none") {
        this.#lookForRefusal();
        return;
      }
      if (step === "over" && (!this.#finish() || this.#closed)) return;
      if (step === "opened") this.#inbox?.open();
      this.#host.ring();
      if (step === "up") {
        this.#up();
        return;
      }
    }
    this.#host.attend();
  }

  #prepare(geometry: PeerGeometry): void {
    const { own, place, peer } = this.#memory;
    this.#refused = false;
    this.#refusalTold = false;
    this.#host.restarted(geometry.place.control);
    this.#inbox = new Inbox(
      { stands: () => this.session.stands(), acknowledged: () => this.#host.acknowledged() },
      this.#host.roster,
      this.#host.counters,
      { own, ownControl: place.control, peer },
      geometry,
    );
  }

  #up(): void {
    const intervalMs = this.session.geometry?.heartbeatIntervalMs ?? 0;
    this.#liveness.start(intervalMs, this.#host.peerState(), performance.now());
    this.#suspension = this.#liveness.suspension;
    this.#host.up();
  }

  #reportSuspension(): void {
    if (!this.isUp) return;
    // A word that was 0 for a moment, between two looks of the device, is never reported as a change.
    if (this.#suspension === "away") this.#liveness.stateChanged(this.#host.peerState());
    const suspension = this.#liveness.suspension;
    if (suspension === this.#suspension) return;
    // What the peer left comes first; the poll that reads the last of it gets here too.
    if (suspension !== undefined && this.#inbox?.hasRecords === true) return;
    this.#suspension = suspension;
    if (suspension === undefined) {
      this.#host.resumed();
    } else {
      this.#host.suspended(suspension);
    }
  }

  /** Takes what a session that is over left, and ends it. Returns false if a handler is not ready for it yet. */
  #finish(): boolean {
    if (this.session.wasOpen && this.#inbox !== undefined) {
      try {
        if (!this.#inbox.drain(() => this.session.leftoversStand)) return false;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        // A peer that restarted may have laid its ring out anew meanwhile: then what is found there means nothing.
        if (this.session.peerEpochNow === this.session.peerEpoch) this.#host.counters.faults += 1;
      }
    }
    const { peerEpochNow } = this.session;
    const dropped = peerEpochNow === this.session.peerEpoch;
    if (dropped) this.#lookForRefusal();
    // A cell that starts takes its epochs back for a moment, too; one that went away first did not close in good order.
    const closed = peerEpochNow === 0 && this.#suspension === undefined;
    this.end(dropped ? "peer refused" : closed ? "peer closed" : "restarted");
    return true;
  }

  #lookForRefusal(): void {
    const { refusal } = this.session;
    if (refusal !== 0 && !this.#refusalTold) {
      this.#refusalTold = true;
      this.#host.refusedByPeer(refusal);
    }
  }
}
