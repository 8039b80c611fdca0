import { observe } from "../uio/atomic.js";
import { HEARTBEAT_OFFSET } from "./layout.js";
import type { SectionMemory } from "./memory.js";

/** A peer is not called stalled before it missed this many of the beats it promised. */
const MISSED_BEATS = 4;

/** Why records do not flow though the session stands. */
export type Suspension = "away" | "stalled";

/**
 * Tells whether the peer of a session that stands is there: its state word (0 means away) and its heartbeat, as a cell that
 * crashed keeps its state word.
 */
export class Liveness {
  readonly #peer: SectionMemory;
  readonly #stallMs: number;
  #intervalMs = 0;
  #beat = 0;
  #beatAtMs = 0;
  #away = false;
  #stalled = false;

  constructor(peer: SectionMemory, stallMs: number) {
    this.#peer = peer;
    this.#stallMs = stallMs;
  }

  get suspension(): Suspension | undefined {
    if (this.#away) {
      return "away";
    }
    return this.#stalled ? "stalled" : undefined;
  }

  /** Begins with a session. `intervalMs` is what the peer promises of its heartbeat, 0 if it has none. */
  start(intervalMs: number, state: number, nowMs: number): void {
    this.#intervalMs = intervalMs;
    this.#beat = observe(this.#peer.words, HEARTBEAT_OFFSET / 4);
    this.#beatAtMs = nowMs;
    this.#away = state === 0;
    this.#stalled = false;
  }

  stateChanged(state: number): void {
    this.#away = state === 0;
  }

  watchHeartbeat(nowMs: number): void {
    const beat = observe(this.#peer.words, HEARTBEAT_OFFSET / 4);
    if (beat !== this.#beat || this.#intervalMs === 0) {
      this.#beat = beat;
      this.#beatAtMs = nowMs;
      this.#stalled = false;
    } else {
      this.#stalled = nowMs - this.#beatAtMs > Math.max(this.#stallMs, MISSED_BEATS * this.#intervalMs);
    }
  }
}
