import { createEmitter } from "../channel/emitter.js";
import { requireWaitOptions, type WaitOptions } from "../channel/wait.js";
import type { TypedEmitter } from "../emitter.js";
import { ErrorCode, IntercellError, isIntercellError, requireKnownKeys } from "../errors.js";
import type { IvshmemDevice } from "../uio/device.js";
import type { FrameBatch } from "./frame-batch.js";
import type { FrameReader, FramesOptions } from "./frame-reader.js";
import { HEADER_BYTES, MIN_FRAME_BYTES, MIN_MTU, type NetGeometry } from "./geometry.js";
import { type FrameListener, NetInbox } from "./inbox.js";
import { type FrameObserver, FrameObservers } from "./observers.js";
import { NetOutbox, type OutboxHost } from "./outbox.js";
import { NetRings } from "./rings.js";
import { followingState, NetState, netStateName } from "./state.js";
import { type IvshmemNetStatistics, type NetCounters, zeroCounters } from "./statistics.js";
import { waitUp } from "./wait-up.js";

/** Options of {@link openIvshmemNet}. */
export interface IvshmemNetOptions {
  /**
   * Longest payload of a frame in bytes, 68 up to what the sections allow; both sides should agree.
   * @defaultValue as Linux's driver: 16384, or a sixteenth of the frame memory if that is less
   */
  readonly mtu?: number;
}

/** Why a link went down. */
export type NetDownReason = "peer reset" | "fault" | "closed";

/** What an {@link IvshmemNet} reports. A listener that throws is an uncaught exception and stops nothing else. */
export type IvshmemNetEvents = {
  /** Both sides have cleared their sections: frames flow. */
  up: () => void;
  /** `lost` frames were in the ring and not acknowledged. The link comes back by itself when the peer does. */
  down: (reason: NetDownReason, lost: number) => void;
  /** After a send that found no room: there is some. */
  room: () => void;
  /** The peer broke the protocol and the link was reset (`ERR_PROTOCOL`), or the device failed; then `close` follows. */
  error: (error: IntercellError) => void;
  close: () => void;
};

/** Steps of the state machine at one look, so that a peer whose state flaps cannot hold this side up. */
const MAX_STEPS = 8;

/** Batches at one look; the event loop has its turn before the next. */
const MAX_BATCHES = 8;

/**
 * One end of the network between two cells: Linux's `ivshmem-net` in user space. It speaks with that driver, with Zephyr's
 * and with its like. The peer is not trusted: what it writes is read once and checked, a frame is copied before anybody
 * sees it, and a breach of the protocol resets the link and nothing else.
 */
export class IvshmemNet {
  readonly name: string;
  readonly mtu: number;
  /** Longest frame in bytes, its header with a VLAN tag included. */
  readonly maxFrameBytes: number;
  readonly geometry: NetGeometry;
  readonly events: TypedEmitter<IvshmemNetEvents>;
  readonly #device: IvshmemDevice;
  readonly #peer: number;
  /** Vector of frames and acknowledgements; with INTx state changes have the same. */
  readonly #vector: number;
  readonly #rings: NetRings;
  readonly #inbox: NetInbox;
  readonly #outbox: NetOutbox;
  readonly #observers = new FrameObservers();
  readonly #counters: NetCounters = zeroCounters();
  #state: NetState = NetState.RESET;
  #closed = false;
  #looking = false;

  /** @internal Use {@link openIvshmemNet}. */
  constructor(device: IvshmemDevice, mtu: number | undefined) {
    this.#rings = new NetRings(device);
    this.geometry = this.#rings.geometry;
    this.mtu = requireMtu(mtu ?? this.geometry.defaultMtu, this.geometry);
    this.maxFrameBytes = this.mtu + HEADER_BYTES;
    this.name = device.name;
    this.events = createEmitter("an ivshmem-net endpoint", ["up", "down", "room", "error", "close"]);
    this.#device = device;
    this.#peer = 1 - device.id;
    this.#vector = device.vectors > 1 ? 1 : 0;
    this.#inbox = new NetInbox(this.#rings.receive, this.maxFrameBytes, this.#observers, this.#counters);
    this.#outbox = new NetOutbox(this.#outboxHost(), this.#rings.transmit, this.#observers, this.#counters);
    device.events.on("interrupt", this.#onInterrupt);
    device.events.on("state", this.#onState);
    device.events.on("poll", this.#onPoll);
    device.events.on("error", this.#onError);
    device.events.on("close", this.#onClose);
    device.setState(NetState.RESET);
    // Whoever opened it can listen before the first event, behind an await or two as well.
    setImmediate(() => this.#look());
  }

  /** Frames flow. */
  get up(): boolean {
    return this.#state === NetState.RUN && !this.#closed;
  }

  get state(): NetState {
    return this.#state;
  }

  /** The peer's state word as it is now; 0 once closed. */
  get peerState(): number {
    return this.#closed ? NetState.RESET : this.#device.stateTable.get(this.#peer);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get statistics(): IvshmemNetStatistics {
    const { oversized, runts } = this.#rings.receive;
    return { ...this.#counters, rxOversized: oversized, rxRunts: runts };
  }

  /**
   * Resolves once the link is up.
   *
   * @throws IntercellError `ERR_TIMEOUT` with what is missing, `ERR_CLOSED`; the signal's reason.
   */
  async ready(options: WaitOptions = {}): Promise<void> {
    const explain = () => this.#describeStates();
    await waitUp(this, options, explain, () => this.#closedError());
  }

  /**
   * Copies a frame into the ring; the peer sees it at the end of the running microtasks, or at {@link flush}.
   *
   * @param frame from the destination address to the end of the payload, without checksum.
   * @returns false if the link is not up or there is no room; `room` is emitted once there is.
   * @throws RangeError if it is shorter than an Ethernet header; IntercellError `ERR_TOO_LARGE` if longer than {@link maxFrameBytes}.
   */
  trySend(frame: Uint8Array): boolean {
    this.#requireFrame(frame);
    return this.#outbox.trySend(frame);
  }

  /**
   * As {@link trySend}, but waits for room. `frame` must not change until it has.
   *
   * @throws IntercellError `ERR_PEER_ABSENT` if the link is not up or goes down, `ERR_QUEUE_FULL` if 1024 sends wait,
   * `ERR_TIMEOUT`, `ERR_CLOSED`.
   */
  async send(frame: Uint8Array, options: WaitOptions = {}): Promise<void> {
    requireWaitOptions("send", options);
    this.#requireFrame(frame);
    options.signal?.throwIfAborted();
    if (!this.up) throw this.#downError();
    await this.#outbox.send(frame, options);
  }

  /**
   * Copies the frames of a batch into the ring from number `from` on, and shows them to the peer. Those that are no
   * frames, or too long, are passed over and counted.
   *
   * @returns the number of the first that found no room, or `batch.count`.
   */
  sendBatch(batch: FrameBatch, from = 0): number {
    return this.#outbox.sendBatch(batch, from);
  }

  /** Shows the peer what was sent, and rings it if it asked for that. */
  flush(): void {
    this.#outbox.flush();
  }

  /** Calls `listener` with each batch of frames that arrives; gives the function that takes this back. */
  onFrames(listener: FrameListener): () => void {
    return this.#inbox.listen(listener);
  }

  /** Calls `observer` with each frame in either direction; gives the function that takes this back. */
  observe(observer: FrameObserver): () => void {
    return this.#observers.add(observer);
  }

  /** The frames that arrive from now on. */
  frames(options: FramesOptions = {}): FrameReader {
    if (this.#closed) throw this.#closedError();
    return this.#inbox.read(options);
  }

  /** Closes the device, by which the peer sees RESET and lets the link go. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#leave("closed");
    this.#device.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  readonly #onInterrupt = () => {
    this.#counters.interrupts++;
    this.#look();
  };

  readonly #onState = (peer: number, value: number) => {
    // A tool that opened and closed the device has zeroed the word: the peer has let the link go.
    if (peer === this.#device.id && value !== this.#state) this.#leave("peer reset");
    this.#look();
  };

  readonly #onPoll = () => {
    const before = this.#counters.rxFrames;
    this.#look();
    if (this.#counters.rxFrames > before) this.#counters.rescuedByPoll++;
  };

  readonly #onError = (cause: Error) => {
    const error = isIntercellError(cause) ? cause : new IntercellError(ErrorCode.CLOSED, cause.message, { cause });
    this.#inbox.end(error);
    this.events.emit("error", error);
  };

  readonly #onClose = () => {
    this.#leave("closed");
    this.#closed = true;
    this.#inbox.end();
    this.events.emit("close");
  };

  /** Rings the peer if it wants that. */
  readonly #ringIf = (wanted: boolean): void => {
    if (!wanted) {
      this.#counters.doorbellsSaved++;
      return;
    }
    this.#counters.doorbellsRung++;
    this.#touch(() => this.#device.ring(this.#peer, this.#vector));
  };

  #outboxHost(): OutboxHost {
    const isUp = () => this.up;
    return {
      name: this.name,
      maxFrameBytes: this.maxFrameBytes,
      get up() {
        return isUp();
      },
      guard: (action: () => boolean) => this.#guard(action),
      ringIf: this.#ringIf,
      downError: () => this.#downError(),
      room: () => {
        this.events.emit("room");
      },
    };
  }

  /** Looks at everything that the peer may have done. */
  #look(): void {
    if (this.#closed || this.#looking) return;
    this.#looking = true;
    try {
      this.#touch(() => this.#follow());
      if (this.up) this.#guard(() => this.#work());
    } finally {
      this.#looking = false;
    }
  }

  #work(): boolean {
    this.#outbox.reclaim();
    for (let batches = 0; this.up && this.#inbox.take(this.#ringIf); batches++) {
      if (batches < MAX_BATCHES) continue;
      setImmediate(() => this.#look());
      break;
    }
    return true;
  }

  #follow(): void {
    for (let step = 0; step < MAX_STEPS && !this.#closed; step++) {
      const before = this.#state;
      const next = followingState(before, this.#device.stateTable.get(this.#peer));
      if (next === before) return;
      if (next === NetState.READY) this.#rings.reset();
      if (next === NetState.RESET) this.#leave("peer reset");
      // A listener may have closed it.
      if (this.#closed) return;
      this.#state = next;
      this.#device.setState(next);
      if (next === NetState.RUN) {
        this.#counters.ups++;
        this.events.emit("up");
      }
    }
    // A state that goes on changing is looked at again after everybody else had a turn.
    setImmediate(() => this.#look());
  }

  /** Runs what reads the peer's ring; a breach of the protocol resets the link. Returns false then. */
  #guard(action: () => boolean): boolean {
    try {
      return action();
    } catch (error) {
      if (!isIntercellError(error, ErrorCode.PROTOCOL)) throw error;
      this.#counters.faults++;
      this.#leave("fault");
      this.#touch(() => this.#device.setState(NetState.RESET));
      this.events.emit("error", error);
      setImmediate(() => this.#look());
      return false;
    }
  }

  /** Runs what touches the device; one that turns out to be gone has told so by its events. */
  #touch(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!this.#device.closed) throw error;
    }
  }

  /** Lets the link go; the state word is left to the caller. */
  #leave(reason: NetDownReason): void {
    const wasUp = this.#state === NetState.RUN;
    this.#state = NetState.RESET;
    if (!wasUp) return;
    const lost = this.#outbox.drop(reason === "closed" ? this.#closedError() : this.#downError(), !this.#device.closed);
    this.events.emit("down", reason, lost);
  }

  #requireFrame(frame: Uint8Array): void {
    if (!(frame instanceof Uint8Array)) throw new TypeError("A frame is a Uint8Array");
    const { byteLength } = frame;
    if (byteLength < MIN_FRAME_BYTES) {
      throw new RangeError(`A frame has at least ${MIN_FRAME_BYTES} bytes, its header, not ${byteLength}`);
    }
    if (byteLength <= this.maxFrameBytes) return;
    throw new IntercellError(
      ErrorCode.TOO_LARGE,
      `A frame of ${byteLength} bytes is too large for ${this.name}: its MTU of ${this.mtu} allows ${this.maxFrameBytes}`,
    );
  }

  #describeStates(): string {
    const peer = this.peerState;
    const states = `this side is at ${netStateName(this.#state)} and its peer at ${netStateName(peer)}`;
    if (peer === NetState.RESET) return `${states}; start the other cell's driver or program`;
    if (this.#state !== NetState.RESET) return `${states}; look whether interrupts arrive at the other cell`;
    return `${states}: it has not let the link of before go. Restart the other cell if it crashed.`;
  }

  #closedError(): IntercellError {
    return new IntercellError(ErrorCode.CLOSED, `${this.name} is closed; open the device again`);
  }

  #downError(): IntercellError {
    if (this.#closed) return this.#closedError();
    const states = this.#describeStates();
    return new IntercellError(ErrorCode.PEER_ABSENT, `No frame can be sent on ${this.name}, which is down: ${states}`);
  }
}

function requireMtu(mtu: number, { maxMtu }: NetGeometry): number {
  if (Number.isInteger(mtu) && mtu >= MIN_MTU && mtu <= maxMtu) return mtu;
  throw new RangeError(`The option mtu is an integer from ${MIN_MTU} to ${maxMtu} with these sections, not ${mtu}`);
}

/**
 * Takes over a device of protocol 1 with two peers, and begins to bring its link up.
 *
 * @throws RangeError for the MTU; IntercellError `ERR_UNSUPPORTED`, `ERR_CONFIG` or `ERR_NO_SECTION` if the device is none
 * for a network. It stays open then.
 */
export function openIvshmemNet(device: IvshmemDevice, options: IvshmemNetOptions = {}): IvshmemNet {
  requireKnownKeys("openIvshmemNet", options, ["mtu"]);
  return new IvshmemNet(device, options.mtu);
}
