import type { PortRecordKind } from "../channel/link.js";
import { RecordKind } from "../channel/link.js";
import type { LinkCounters } from "../channel/link-counters.js";
import { loadFence } from "../uio/atomic.js";
import { decodeAnnouncement } from "./announcement.js";
import { BroadcastReader } from "./broadcast.js";
import { Fault, FaultCode } from "./fault.js";
import type { PeerGeometry } from "./header.js";
import type { SectionMemory } from "./memory.js";
import type { TopicPlace } from "./port.js";
import { RingReader } from "./ring-reader.js";
import type { Roster } from "./roster.js";

/** Batches taken in one poll at most, so that one busy peer does not keep the others waiting. */
const BATCHES_PER_POLL = 4;

/** What the inbox asks of its link. */
export interface InboxHost {
  /** True while what is read belongs to the session it is read for. */
  stands(): boolean;
  /** The peer's ring has room again. */
  acknowledged(): void;
}

/** What one side reads of one peer in one session: its ring, its broadcast ring, and where the records go. */
export class Inbox {
  readonly #host: InboxHost;
  readonly #roster: Roster;
  readonly #counters: LinkCounters;
  readonly #reader: RingReader;
  readonly #region: TopicPlace;
  readonly #memory: SectionMemory;
  readonly #geometry: PeerGeometry;
  #broadcasts: BroadcastReader | undefined;
  /** A handler gave a record back: nothing is delivered until {@link resume}. */
  #paused = false;
  #closed = false;

  constructor(
    host: InboxHost,
    roster: Roster,
    counters: LinkCounters,
    memory: { readonly own: SectionMemory; readonly ownControl: number; readonly peer: SectionMemory },
    geometry: PeerGeometry,
  ) {
    this.#host = host;
    this.#roster = roster;
    this.#counters = counters;
    this.#memory = memory.peer;
    this.#geometry = geometry;
    this.#reader = new RingReader(memory.peer, geometry.place, memory.own, memory.ownControl);
    this.#reader.reset();
    this.#region = { offset: geometry.latestOffset, size: geometry.latestSize };
  }

  get region(): TopicPlace {
    return this.#region;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** True if there is something that a {@link read} would deliver. */
  get hasMore(): boolean {
    return this.hasRecords || (!this.#paused && this.#broadcasts?.hasMore === true);
  }

  /** True if a {@link read} would deliver something that the peer committed to its ring. */
  get hasRecords(): boolean {
    return !this.#paused && (this.#reader.batch.pending || this.#reader.hasMore);
  }

  /** The session is open: broadcasts count from here on. */
  open(): void {
    if (this.#geometry.broadcastCapacity !== 0) {
      this.#broadcasts = new BroadcastReader(this.#memory, this.#geometry);
    }
  }

  resume(): void {
    this.#paused = this.#closed;
  }

  /** Delivers nothing more: a handler may well have closed the link, with its memory, in the middle of a batch. */
  close(): void {
    this.#closed = true;
    this.#paused = true;
  }

  /** Delivers what the peer committed; returns the number of records. @throws Fault */
  read(): number {
    let handled = this.#deliver();
    for (let batch = 0; batch < BATCHES_PER_POLL && !this.#paused && this.#reader.fetch() > 0; batch += 1) {
      loadFence();
      if (!this.#host.stands()) {
        this.#reader.batch.clear();
        break;
      }
      if (!this.#reader.accept()) {
        continue;
      }
      this.#reader.acknowledge();
      this.#host.acknowledged();
      handled += this.#deliver();
    }
    return this.#paused ? handled : handled + this.#readBroadcasts();
  }

  /**
   * Delivers what is left in the ring of a session that is over, as long as `believable` says of each copy that it was
   * not overwritten meanwhile. Returns false if a handler gave a record back: call again.
   *
   * @throws Fault
   */
  drain(believable: () => boolean): boolean {
    this.#reader.finish();
    this.#deliver();
    while (!this.#paused && this.#reader.fetch() > 0) {
      loadFence();
      if (!believable()) {
        this.#reader.batch.clear();
        return true;
      }
      if (this.#reader.accept()) {
        this.#reader.acknowledge();
        this.#deliver();
      }
    }
    return !this.#paused;
  }

  #deliver(): number {
    const { batch } = this.#reader;
    let handled = 0;
    while (!this.#paused && batch.nextRun()) {
      const { kind, channel, payloadBytes, runLength } = batch;
      const taken = this.#take(kind, channel);
      if (taken < runLength) batch.putBack(taken);
      handled += taken;
      this.#counters.receivedRecords += taken;
      this.#counters.receivedBytes += taken * payloadBytes;
    }
    return handled;
  }

  /** Gives out as much of the batch's run as goes at once; returns how many of its records are done with. */
  #take(kind: number, channel: number): number {
    const { batch } = this.#reader;
    const { message, sequence, view, payloadOffset, payloadBytes, runLength, runStride } = batch;
    if (kind === RecordKind.announce || kind === RecordKind.withdraw) {
      this.#control(kind, channel, view, payloadOffset, payloadBytes);
      return 1;
    }
    const port = this.#roster.port(channel);
    if (port === undefined) {
      this.#counters.unroutableRecords += runLength;
      return runLength;
    }
    const { handler } = port;
    if (kind === RecordKind.data && runLength > 1 && handler.recordRun !== undefined) {
      const first = sequence >>> 0;
      const taken = handler.recordRun(message, first, view, payloadOffset, payloadBytes, runStride, runLength);
      // What a port leaves behind that was closed in between is for no one.
      this.#paused ||= taken < runLength && this.#roster.port(channel) === port;
      return taken;
    }
    if (handler.record(kind as PortRecordKind, message, sequence >>> 0, view, payloadOffset, payloadBytes)) return 1;
    this.#paused = true;
    return 0;
  }

  #control(kind: number, channel: number, view: DataView, offset: number, length: number): void {
    if (this.#reader.batch.message !== 0) {
      throw new Fault(
        FaultCode.reserved,
        `A record of kind ${kind} has message ${this.#reader.batch.message}, wanted 0`,
      );
    }
    if (kind === RecordKind.withdraw) {
      if (length !== 0) throw new Fault(FaultCode.announce, `A withdrawal has ${length} bytes of payload, wanted none`);
      this.#roster.withdrawn(channel);
    } else {
      this.#roster.announced(channel, decodeAnnouncement(view, offset, length), this.#region);
    }
  }

  #readBroadcasts(): number {
    const broadcasts = this.#broadcasts;
    if (broadcasts?.hasMore !== true || !broadcasts.fetch() || !this.#host.stands()) {
      return 0;
    }
    let handled = 0;
    const { batch } = broadcasts;
    while (!this.#closed && batch.next()) {
      const gap = broadcasts.countGap();
      this.#counters.missedBroadcasts += gap;
      if (batch.kind !== RecordKind.data) {
        throw new Fault(FaultCode.kind, `A broadcast has kind ${batch.kind}, wanted ${RecordKind.data}`);
      }
      const port = this.#roster.broadcastPort(batch.channel);
      if (port === undefined) this.#counters.unroutableRecords += 1;
      else port.handler.broadcast(batch.message, gap, batch.view, batch.payloadOffset, batch.payloadBytes);
      handled += 1;
    }
    return handled;
  }
}
