import { ErrorCode, IntercellError } from "../errors.js";
import type { CanBusCounters } from "./bus-counters.js";
import type { CanFrame } from "./frame.js";

/** Most frames that are handed over at once. */
export const SEND_BATCH_FRAMES = 64;

/** A frame that waits for room. Of the two functions one is called, once. */
export interface WaitingFrame {
  readonly frame: CanFrame;
  /** It was handed over. */
  taken(): void;
  refused(reason: unknown): void;
}

export interface SendLineParts {
  /** Of the bus. */
  readonly name: string;
  /** Sends that may wait. */
  readonly capacity: number;
  readonly counters: CanBusCounters;
  /**
   * Hands over frames, at most {@link SEND_BATCH_FRAMES}, from the first on, as long as there is room; gives how many. After
   * fewer than all {@link SendLine.resume} is to be called once there may be room.
   *
   * @throws what the first was refused for, unless that was for lack of room.
   */
  transmit(frames: readonly CanFrame[]): number;
  /** There may be room after a try that found none. */
  room(): void;
}

/**
 * Sends that wait for room, in the order of their calls. What is sent in one turn is gathered and handed over together, by
 * a microtask.
 */
export class SendLine {
  readonly #parts: SendLineParts;
  #line: WaitingFrame[] = [];
  /** No room was found, and `resume` was not called since. */
  #blocked = false;
  #scheduled = false;
  /** A try found no room, and was not told of any since. */
  #refused = false;

  constructor(parts: SendLineParts) {
    this.#parts = parts;
  }

  /** Sends that wait. */
  get length(): number {
    return this.#line.length;
  }

  /** Hands over frames from the first on, unless sends wait; gives how many were taken. Throws as `transmit` does. */
  trySendAll(frames: readonly CanFrame[], taken: (frame: CanFrame) => void): number {
    this.#pump();
    let count = 0;
    while (count < frames.length && !this.#blocked && this.#line.length === 0) {
      const batch = frames.length <= SEND_BATCH_FRAMES ? frames : frames.slice(count, count + SEND_BATCH_FRAMES);
      count += this.#transmitTaken(batch, count, taken);
    }
    if (count < frames.length) this.#refused = true;
    return count;
  }

  /**
   * Puts a frame at the end of the line; gives what takes it out again.
   *
   * @throws IntercellError `ERR_QUEUE_FULL`.
   */
  enqueue(waiting: WaitingFrame): () => void {
    if (this.#line.length >= this.#parts.capacity) this.#pump();
    if (this.#line.length >= this.#parts.capacity) throw this.#full();
    this.#line.push(waiting);
    this.#schedule();
    return () => {
      const index = this.#line.indexOf(waiting);
      if (index !== -1) this.#line.splice(index, 1);
    };
  }

  /** There may be room again. */
  resume(): void {
    // Not blocked any more but not told of room either: what waited was refused meanwhile.
    if (!this.#blocked && !this.#refused) return;
    this.#blocked = false;
    this.#pump();
    if (this.#blocked || !this.#refused) return;
    this.#refused = false;
    this.#parts.room();
  }

  /** Refuses all that waits, and forgets that there was no room. */
  refuseAll(reason: unknown): void {
    const line = this.#line;
    this.#line = [];
    this.#blocked = false;
    for (const waiting of line) waiting.refused(reason);
  }

  #schedule(): void {
    if (this.#scheduled || this.#blocked) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#line.length > 0 && !this.#blocked) {
      const batch = this.#line.slice(0, SEND_BATCH_FRAMES);
      let count = 0;
      try {
        count = this.#transmit(batch.map(({ frame }) => frame));
      } catch (error) {
        this.#line.shift()?.refused(error);
        continue;
      }
      this.#line.splice(0, count);
      for (let index = 0; index < count; index++) (batch[index] as WaitingFrame).taken();
    }
  }

  #transmitTaken(batch: readonly CanFrame[], before: number, taken: (frame: CanFrame) => void): number {
    let count = 0;
    try {
      count = this.#transmit(batch);
    } catch (error) {
      // Those before it were taken, which the caller must hear of; the fault comes again when the rest is tried.
      if (before === 0) throw error;
      this.#blocked = true;
      queueMicrotask(() => this.resume());
      return 0;
    }
    for (let index = 0; index < count; index++) taken(batch[index] as CanFrame);
    return count;
  }

  #transmit(frames: readonly CanFrame[]): number {
    const count = this.#parts.transmit(frames);
    this.#parts.counters.sentFrames += count;
    if (count < frames.length) {
      this.#blocked = true;
      this.#parts.counters.congestions++;
    }
    return count;
  }

  #full(): IntercellError {
    const { name, capacity } = this.#parts;
    const found = `Cannot send on ${name} as ${capacity} sends wait for room already`;
    const advice = "Wait for them, or open the bus with larger sendQueueFrames.";
    return new IntercellError(ErrorCode.QUEUE_FULL, `${found}. ${advice}`);
  }
}
