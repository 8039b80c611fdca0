import { randomInt } from "node:crypto";
import type { IntercellError } from "../../errors.js";
import {
  BROADCAST_ADDRESS,
  destinationOf,
  etherTypeOf,
  isSameAddress,
  PAYLOAD_OFFSET,
  sourceOf,
  writeHeader,
} from "../ethernet/frame.js";
import type { FramePort } from "../ethernet/frame-port.js";
import type { FrameBatch } from "../frame-batch.js";
import { RELIABLE_HEADER_BYTES } from "./frame.js";
import { ReliableSession, type SessionHooks } from "./session.js";
import type { SessionStatistics } from "./statistics.js";

/** Options of a {@link ReliableStation}. */
export interface StationOptions {
  readonly etherType: number;
  /** Six bytes. */
  readonly address: Uint8Array;
  /** Six bytes, or undefined for whoever answers. */
  readonly peerAddress: Uint8Array | undefined;
  readonly windowRecords: number;
  readonly keepAliveMs: number;
  readonly timeoutMs: number;
}

export interface StationHooks extends Omit<SessionHooks, "transmit"> {
  /** The port is gone, with what made it fail; nothing follows. */
  gone(error: IntercellError | undefined): void;
}

/** How often a station looks at a port that is not up, in milliseconds. */
const DOWN_MS = 50;

/** A {@link ReliableSession} on a port for Ethernet frames, with the clock of this machine. The port is not closed with it. */
export class ReliableStation {
  /** Longest record or datagram in bytes. */
  readonly maxRecordBytes: number;
  readonly #port: FramePort;
  readonly #options: StationOptions;
  readonly #hooks: StationHooks;
  readonly #session: ReliableSession;
  readonly #detach: () => void;
  /** Where frames go; of a peer that is not known, to all. */
  #destination: Uint8Array;
  /** Of the frame that is looked at. */
  #source: Uint8Array = BROADCAST_ADDRESS;
  #strangers = 0;
  #failure: IntercellError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushing = false;
  #owesRoom = false;
  #destroyed = false;

  constructor(port: FramePort, options: StationOptions, hooks: StationHooks) {
    this.#port = port;
    this.#options = options;
    this.#hooks = hooks;
    this.maxRecordBytes = port.mtu - RELIABLE_HEADER_BYTES;
    this.#destination = options.peerAddress ?? BROADCAST_ADDRESS;
    const { windowRecords, keepAliveMs, timeoutMs } = options;
    const nextEpoch = () => randomInt(1, 2 ** 32);
    this.#session = new ReliableSession(
      { headroom: PAYLOAD_OFFSET, windowRecords, keepAliveMs, timeoutMs, nextEpoch },
      {
        ...hooks,
        transmit: (frame) => this.#transmit(frame),
        opened: () => {
          this.#destination = this.#source.slice();
          hooks.opened();
        },
        ended: (reason, lost) => {
          this.#destination = options.peerAddress ?? BROADCAST_ADDRESS;
          hooks.ended(reason, lost);
        },
      },
    );
    const unlisten = port.onFrames((batch) => this.#take(batch));
    const flush = () => this.flush();
    const fail = (error: IntercellError) => {
      this.#failure = error;
    };
    // The port may close in the midst of a send.
    const gone = () => queueMicrotask(() => this.#gone());
    port.events.on("up", flush);
    port.events.on("error", fail);
    port.events.on("close", gone);
    this.#detach = () => {
      unlisten();
      port.events.off("up", flush);
      port.events.off("error", fail);
      port.events.off("close", gone);
    };
    this.#schedule();
  }

  get open(): boolean {
    return this.#session.open;
  }

  /** Frames of the own type that were for another station, or came from another than the peer that was named. */
  get strangers(): number {
    return this.#strangers;
  }

  get statistics(): SessionStatistics {
    return this.#session.statistics;
  }

  /** As {@link ReliableSession.send}; it is on its way at the end of the running microtasks. */
  send(kind: number, bytes: Uint8Array): boolean {
    if (!this.#session.send(kind, bytes)) return false;
    this.#flushSoon();
    return true;
  }

  /** As {@link ReliableSession.sendDatagram}; `room` follows if it was not sent for lack of room. */
  sendDatagram(kind: number, bytes: Uint8Array): boolean {
    if (this.#session.sendDatagram(kind, bytes)) return true;
    this.#owesRoom = this.#session.open;
    this.#flushSoon();
    return false;
  }

  /** Does what is due; the port may have room again. */
  flush(): void {
    if (this.#owesRoom && this.#session.open && this.#port.up) {
      this.#owesRoom = false;
      this.#hooks.room();
    }
    this.#step();
  }

  /** Says goodbye if that is possible, and ends. Idempotent. */
  close(): void {
    if (this.#session.closed) return;
    if (!this.#port.closed) this.#session.step(performance.now());
    this.#leave();
    this.#session.close(performance.now());
  }

  /** Ends without a word, as a process does that is killed. */
  destroy(): void {
    this.#destroyed = true;
    this.close();
  }

  #step(): void {
    if (this.#session.closed || this.#port.closed) return;
    this.#session.step(performance.now());
    this.#schedule();
  }

  #leave(): void {
    this.#detach();
    clearTimeout(this.#timer);
  }

  #gone(): void {
    if (this.#session.closed) return;
    this.#leave();
    this.#session.close(performance.now());
    this.#hooks.gone(this.#failure);
  }

  #take(batch: FrameBatch): void {
    const { etherType, address, peerAddress } = this.#options;
    for (let index = 0; index < batch.count && !this.#session.closed; index++) {
      const frame = batch.frame(index);
      if (etherTypeOf(frame) !== etherType) continue;
      const [destination, source] = [destinationOf(frame), sourceOf(frame)];
      const isOurs = isSameAddress(destination, address) || isSameAddress(destination, BROADCAST_ADDRESS);
      if (!isOurs || (peerAddress !== undefined && !isSameAddress(source, peerAddress))) {
        this.#strangers++;
        continue;
      }
      this.#source = source;
      this.#session.receive(frame.subarray(PAYLOAD_OFFSET), performance.now());
    }
    this.flush();
  }

  #transmit(frame: Uint8Array): boolean {
    if (this.#port.closed || this.#destroyed) return false;
    writeHeader(frame, this.#destination, this.#options.address, this.#options.etherType);
    return this.#port.trySend(frame);
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      // Not flush(): what found no room is told so in another turn of the event loop.
      this.#step();
    });
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#session.closed) return;
    const dueMs = this.#owesRoom ? 0 : this.#session.dueMs - performance.now();
    const delayMs = Math.max(dueMs, this.#port.up ? 0 : DOWN_MS);
    this.#timer = setTimeout(() => {
      // After a pause of this process, what came meanwhile is read before anything is judged.
      setImmediate(() => this.flush());
    }, delayMs);
  }
}
