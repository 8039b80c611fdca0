import type { TypedEmitter } from "../emitter.js";
import type { IntercellError } from "../errors.js";
import type { Lease } from "./lease.js";

/** Kind of a record on a link (docs/wire-protocol.md, section 4). */
export const RecordKind = {
  data: 1,
  request: 2,
  reply: 3,
  error: 4,
  announce: 5,
  withdraw: 6,
  cancel: 7,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** Kinds that a port sends and receives; the link keeps the others to itself. */
export type PortRecordKind = Exclude<RecordKind, typeof RecordKind.announce | typeof RecordKind.withdraw>;

/**
 * - `connecting`: the peer is absent or the handshake is under way
 * - `up`: records flow
 * - `away`: the peer's state word is 0 though its session stands
 * - `stalled`: the peer's heartbeat stopped though its session stands
 * - `refused`: the peer broke the protocol; the link waits for it to restart
 * - `closed`: this side closed the link
 */
export type LinkStatus = "connecting" | "up" | "away" | "stalled" | "refused" | "closed";

/** Why a link that was up is so no longer. */
export type LinkDownReason = "away" | "stalled" | "restarted" | "peer closed" | "peer refused" | "fault" | "closed";

/** A session with a peer came to its end. */
export interface LinkDown {
  readonly reason: LinkDownReason;
  /** True while the session stands, so that nothing is lost if the peer returns (`away`, `stalled`). */
  readonly resumable: boolean;
  /** Records that this side committed and the peer had not taken when the session ended. */
  readonly lost: number;
  /** What was wanted and found, if `reason` is `fault` or `peer refused` and the link knows. */
  readonly error?: IntercellError;
}

/** A session with a peer began, or went on. */
export interface LinkUp {
  /** Epoch of the peer: another value than before means that it restarted. */
  readonly epoch: number;
  /** True if the session of before goes on, with nothing lost. */
  readonly resumed: boolean;
}

export type LinkEvents = {
  up: (up: LinkUp) => void;
  down: (down: LinkDown) => void;
  /** The peer was refused, or the link failed; the process goes on. */
  error: (error: IntercellError) => void;
  close: () => void;
};

/** What one side announces for one channel. */
export interface PortAnnouncement {
  /** Channel name, 1 to 32 bytes of UTF-8; the two sides find each other by it. */
  readonly name: string;
  /** Protocol name, 1 to 32 bytes of UTF-8; only for messages to people. */
  readonly protocolName: string;
  /** 64-bit hash of the protocol's canonical description. */
  readonly typeHash: bigint;
}

export interface PortOptions extends PortAnnouncement {
  /** Largest size in bytes of each latest-value topic, in the order of the protocol. */
  readonly topicSizes: readonly number[];
  readonly handler: PortHandler;
}

/**
 * What a channel does with what arrives on its port. The link calls it synchronously, from {@link Link.poll} or its own
 * wake-ups, one call at a time: never before {@link Link.attach} has returned, never from within a method of a
 * {@link Port}, never after {@link Port.close}. The one exception is `lost`, which {@link Link.close} calls. It does
 * not throw.
 */
export interface PortHandler {
  /**
   * One record. `length` bytes of payload lie at `offset` of `view`: private memory of this process, 8-aligned, valid
   * until the handler returns. Returns false to be given the same record again after {@link Port.resume}; meanwhile
   * the link reads nothing more from this peer, so that back-pressure reaches it.
   */
  record(
    kind: PortRecordKind,
    message: number,
    sequence: number,
    view: DataView,
    offset: number,
    length: number,
  ): boolean;
  /**
   * `count` data records of one message, all of `length` bytes, whose payloads lie `stride` bytes apart from `offset` on
   * and whose sequences count up from `sequence`. Returns how many were taken; for the others all is as if `record` had
   * returned false, unless the port was closed meanwhile. A handler without it is given each by itself.
   */
  recordRun?(
    message: number,
    sequence: number,
    view: DataView,
    offset: number,
    length: number,
    stride: number,
    count: number,
  ): number;
  /** A record of the overwriting broadcast ring, as above but never repeated; `missed` records were lost before it. */
  broadcast(message: number, missed: number, view: DataView, offset: number, length: number): void;
  /** Both sides announced the channel with the same type: {@link Port.claim} may succeed. */
  opened(): void;
  /**
   * The channel is unusable until `opened` is called again, or what `mismatched` said holds no longer. May follow
   * another `lost` that was resumable: the session that stood has now ended as well. That the link was closed is told to
   * every port, one that never opened too.
   */
  lost(down: LinkDown): void;
  /** The peer announced the same name with another type. */
  mismatched(peer: PortAnnouncement): void;
  /** There may be room after a {@link Port.claim} that found none. */
  room(): void;
}

/** {@link Port.claim} found no room, or the channel is not open. */
export const NO_ROOM = -1;

/** One channel's end on one link. Not for applications: a Channel wraps it. */
export interface Port {
  /** True once both sides announced the channel and while the session is up. */
  readonly open: boolean;
  /** Largest payload in bytes of one record on this link as it is configured. Does not change while the link lives. */
  readonly maxPayload: number;
  /** What gives this link longer records, for people, such as `larger windowBytes on both sides`. */
  readonly longerRecordsBy?: string | undefined;
  /**
   * Bytes that the link has committed towards the peer, on all channels, and the peer has not taken. 0 without a
   * session.
   */
  readonly unacknowledgedBytes: number;
  /** Where a claimed payload is to be written. May be another view after each claim. */
  readonly view: DataView;
  /**
   * Reserves room for a payload of up to `lengthBytes` and returns its 8-aligned offset in {@link view}, or {@link
   * NO_ROOM}. A claim that is not committed is forgotten by the next one. After NO_ROOM the handler's `room` is called
   * once. Throws IntercellError `ERR_TOO_LARGE` if `lengthBytes` exceeds {@link maxPayload}.
   */
  claim(lengthBytes: number): number;
  /**
   * Commits what was claimed, with its true length; returns the record's sequence (u32). Publication to the peer may be
   * put off until {@link flush}, the end of the running microtask queue, or until the link decides that enough has
   * gathered. Throws Error if no claim of this port stands: another one on this link was made and perhaps committed
   * since.
   */
  commit(kind: PortRecordKind, message: number, lengthBytes: number): number;
  /**
   * Claims and commits a data record for each of the payloads of `lengthBytes`, which lie one behind the other; returns
   * how many there was room for. If not for all, the handler's `room` follows. `lengthBytes` is more than 0
   * and at most {@link maxPayload}. Absent on a link that gains nothing by it.
   */
  commitRun?(message: number, payloads: Uint8Array, lengthBytes: number): number;
  /**
   * Sets places aside for data records of exactly `lengthBytes` if more of them are likely to follow: returns false, and
   * does nothing, if a single claim is the better way. What is written by way of the lease counts as committed from
   * {@link Lease.take} on. Absent on a link that gains nothing by it.
   */
  lease?(lease: Lease, message: number, lengthBytes: number): boolean;
  /** Publishes committed records and rings the peer if it sleeps. */
  flush(): void;
  /** Stores a value in the slot of a topic. Throws IntercellError `ERR_TOO_LARGE` if it exceeds the topic's size. */
  publish(topic: number, value: Uint8Array): void;
  /**
   * Copies the peer's newest value of a topic into `target`; returns its length in bytes or {@link NO_ROOM} if there is
   * none (yet). {@link latestCount} then tells how many values the peer has published.
   */
  readLatest(topic: number, target: Uint8Array): number;
  readonly latestCount: number;
  /** Sends to every peer that listens, never waits; a slow one misses records. Same size limit as its own ring has.
   * Throws IntercellError `ERR_TOO_LARGE`, or `ERR_UNSUPPORTED` if the link has no broadcasts. */
  broadcast(message: number, payload: Uint8Array): void;
  /**
   * Takes up delivery after the handler returned false: at the next {@link Link.poll}, at the latest in a turn of the
   * event loop.
   */
  resume(): void;
  /** Withdraws the channel. Idempotent. */
  close(): void;
}

/** Counters of a link since it was opened; all u53. */
export interface LinkStatistics {
  readonly sentRecords: number;
  readonly sentBytes: number;
  readonly receivedRecords: number;
  readonly receivedBytes: number;
  /** Records committed here that the peer had not taken when its session ended. */
  readonly lostRecords: number;
  /** Records that arrived for a channel that is not open here. */
  readonly unroutableRecords: number;
  readonly missedBroadcasts: number;
  readonly doorbellsRung: number;
  /** Publications that needed no doorbell as the peer was awake. */
  readonly doorbellsSaved: number;
  /** Times that the fallback poll found what no interrupt had announced. */
  readonly rescuedByPoll: number;
  /** Most bytes that were ever unacknowledged in the ring towards the peer, and the ring's capacity. */
  readonly ringHighWaterBytes: number;
  readonly ringCapacityBytes: number;
  readonly sessions: number;
  readonly faults: number;
}

/**
 * A way to one peer, over shared memory, a network or CAN. Channels are opened on it; it knows records, not types.
 */
export interface Link {
  /** Shown in messages, such as `peer 1 of uio_ivshmem[0001:00:00.0]`. */
  readonly name: string;
  readonly status: LinkStatus;
  readonly events: TypedEmitter<LinkEvents>;
  readonly statistics: LinkStatistics;
  /**
   * Opens a channel's end. Throws IntercellError `ERR_CLOSED`, `ERR_IN_USE`, or `ERR_FULL` if there are too many channels
   * or no room for the latest values.
   */
  attach(options: PortOptions): Port;
  /**
   * Looks once for what the peer did and handles it, synchronously; returns the number of records handled. For programs
   * that spin instead of returning to the event loop. Flushes first. Returns 0 if called from within a handler.
   */
  poll(): number;
  /** Publishes what all ports have committed. */
  flush(): void;
  /** Says why the link is not up, for people. Absent on a link that knows no more than its status. */
  explain?(): string;
  /** Resolves once the link is up. */
  ready(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<void>;
  /** Flushes, tells the peer, and closes. Idempotent. */
  close(): void;
  [Symbol.dispose](): void;
}
