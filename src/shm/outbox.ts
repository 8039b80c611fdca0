import type { Lease } from "../channel/lease.js";
import { observe, publish } from "../uio/atomic.js";
import type { RingPlace } from "./geometry.js";
import { Control, RECORD_HEADER_BYTES, WakeBit } from "./layout.js";
import type { SectionMemory } from "./memory.js";
import { RingWriter } from "./ring-writer.js";

/** Committed bytes are published without being asked once this much has gathered, or an eighth of the ring. */
const GATHER_BYTES = 4096;

/** Counters of what a link rings its peer for. */
export interface DoorbellCounters {
  doorbellsRung: number;
  doorbellsSaved: number;
}

/**
 * What one side writes for one peer: the ring with its gathered publication, and the two ends of doorbell
 * suppression (docs/wire-protocol.md, section 5).
 */
export class Outbox {
  readonly writer: RingWriter;
  readonly #own: SectionMemory;
  readonly #wakeIndex: number;
  readonly #counters: DoorbellCounters;
  readonly #ring: () => void;
  readonly #gatherBytes: number;
  #peerWords: Int32Array | undefined;
  #peerWakeIndex = 0;
  /** The peer's wake word for which it was rung last: one value is good for one doorbell. */
  #rungFor = 0;
  #wakeCount = 0;
  #flushScheduled = false;
  #abandoned = false;
  readonly #flushSoon = () => {
    this.#flushScheduled = false;
    this.flush();
  };

  /** `ring` rings the peer's doorbell. */
  constructor(own: SectionMemory, place: RingPlace, counters: DoorbellCounters, ring: () => void) {
    this.writer = new RingWriter(own, place);
    this.#own = own;
    this.#wakeIndex = (place.control + Control.wake) / 4;
    this.#counters = counters;
    this.#ring = ring;
    this.#gatherBytes = Math.min(GATHER_BYTES, place.capacity / 8);
  }

  /** Starts over towards a peer whose control block for us lies at `control` of its section. */
  reset(peerWords: Int32Array, control: number): void {
    this.writer.reset(peerWords, control);
    this.#peerWords = peerWords;
    this.#peerWakeIndex = (control + Control.wake) / 4;
    this.#rungFor = 0;
  }

  /** To be called after each commit: publishes at once if enough has gathered, else when the running microtasks are done. */
  committed(): void {
    if (this.writer.unpublishedBytes >= this.#gatherBytes) {
      this.flush();
    } else if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      queueMicrotask(this.#flushSoon);
    }
  }

  /**
   * Lends places for as many records as are published at once. False, so that the record is claimed by itself, if there is
   * no room or if it is the first since the last publication: it may well stay alone. As the first scheduled a publication,
   * what is taken of the lease leaves with it.
   *
   * @throws Fault as {@link RingWriter.claim}.
   */
  lend(lease: Lease, kind: number, channel: number, message: number, payloadBytes: number): boolean {
    const { writer } = this;
    const gathered = writer.unpublishedBytes;
    if (gathered === 0 || this.#abandoned) return false;
    const places = Math.floor((this.#gatherBytes - gathered) / (RECORD_HEADER_BYTES + payloadBytes));
    return places > 1 && writer.lend(lease, this.#own.view, kind, channel, message, payloadBytes, places);
  }

  /**
   * Commits a record for each payload, as far as there is room, and publishes part by part, so that the peer is at work on
   * one while the next is written. What there was room for is told by {@link RingWriter.sequence}, whether it throws or not.
   *
   * @throws Fault as {@link RingWriter.claim}.
   */
  commitRun(kind: number, channel: number, message: number, payloads: Uint8Array, payloadBytes: number): void {
    const part = Math.max(1, Math.floor(this.#gatherBytes / (RECORD_HEADER_BYTES + payloadBytes))) * payloadBytes;
    let done = 0;
    // A device that fails as it rings takes the memory away.
    while (done < payloads.length && !this.#abandoned) {
      const end = Math.min(done + part, payloads.length);
      const reached = this.writer.commitRun(kind, channel, message, payloads, payloadBytes, done, end);
      if (reached > done) this.committed();
      done = reached;
      if (done < end) break;
    }
  }

  /** Publishes what is committed and rings the peer if it sleeps. */
  flush(): void {
    if (!this.#abandoned && this.writer.publish()) {
      this.ringFor(WakeBit.data);
    }
  }

  /** Publishes nothing more, as the memory is gone. */
  abandon(): void {
    this.#abandoned = true;
  }

  /**
   * Rings the peer if it asked for it. The word that `bit` tells of has just been published: that store and the load
   * here are both sequentially consistent, so that either this side sees the peer's wake word or the peer sees the word.
   */
  ringFor(bit: number): void {
    if (this.#peerWords === undefined) {
      return;
    }
    const wake = observe(this.#peerWords, this.#peerWakeIndex);
    if ((wake & bit) === 0 || wake === this.#rungFor) {
      this.#counters.doorbellsSaved += 1;
      return;
    }
    this.#rungFor = wake;
    this.#counters.doorbellsRung += 1;
    this.#ring();
  }

  /** Asks the peer to ring for `bits`; the caller looks at everything once more before it sleeps. */
  arm(bits: number): void {
    this.#wakeCount = (this.#wakeCount + 1) & 0x3fffffff;
    publish(this.#own.words, this.#wakeIndex, (this.#wakeCount << 2) | bits);
  }

  /** Tells the peer that ringing is not needed. */
  disarm(): void {
    publish(this.#own.words, this.#wakeIndex, this.#wakeCount << 2);
  }
}
