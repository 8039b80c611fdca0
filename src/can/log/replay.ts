import { requireKnownKeys } from "../../errors.js";
import type { CanBus, Timestamp } from "../bus.js";
import { type CanClock, systemClock } from "../clock.js";
import { DurationHistogram } from "../duration-histogram.js";
import { elapsedNs } from "../timestamp.js";
import type { LogDirection, LogRecord } from "./record.js";

/** Frames sent one after the other before others get their turn. */
const BURST = 256;

/**
 * Where the frames of a replay go: one bus for all, or a function that gives the bus of an interface, undefined to leave its
 * frames out. It is asked once for each name.
 */
export type ReplayTarget = CanBus | ((interfaceName: string) => CanBus | undefined | Promise<CanBus | undefined>);

/** The frames to be replayed; a function opens them anew for each round. */
export type ReplaySource = AsyncIterable<LogRecord> | (() => AsyncIterable<LogRecord>);

export interface ReplayOptions {
  /** 2 is twice as fast as the log; Infinity as fast as the bus takes the frames. @defaultValue 1 */
  readonly speed?: number;
  /** A longer pause in the log is cut to this many milliseconds of it. @defaultValue no limit */
  readonly maxGapMs?: number;
  /** Milliseconds between any two frames, whatever the log says. @defaultValue the times of the log */
  readonly fixedGapMs?: number;
  /** Frames in a second at most. @defaultValue no limit */
  readonly maxFramesPerSecond?: number;
  /** Only frames that the log says went this way. @defaultValue all */
  readonly direction?: LogDirection;
  /** Whether error frames are sent as well, which only a bus without a controller takes. @defaultValue false */
  readonly errorFrames?: boolean;
  /** Times that the log is replayed; more than one needs a source that is a function. @defaultValue 1 */
  readonly rounds?: number;
  /** @defaultValue the clock of the machine */
  readonly clock?: CanClock;
}

/** What a replay did so far. */
export interface ReplayReport {
  readonly sentFrames: number;
  /** Frames left out: by interface, direction, or as error frames. */
  readonly skippedFrames: number;
  /** Rounds that came to their end. */
  readonly rounds: number;
  /** Frames that found no room and waited for it. */
  readonly congestions: number;
  /** Frames whose time in the log is before that of the frame before them; they were sent at once. */
  readonly backwardFrames: number;
  /** How much later than due the bus took a frame, in nanoseconds. */
  readonly latenessNs: {
    readonly mean: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
}

/** Sends the frames of a log onto a bus at their times. Made by {@link createReplay}. */
export class Replay {
  readonly #source: ReplaySource;
  readonly #target: ReplayTarget;
  readonly #options: Required<Omit<ReplayOptions, "direction" | "fixedGapMs">> & ReplayOptions;
  /** By the name in the log. */
  readonly #buses = new Map<string, CanBus | undefined>();
  readonly #lateness = new DurationHistogram();
  readonly #counts = { sentFrames: 0, skippedFrames: 0, rounds: 0, congestions: 0, backwardFrames: 0 };
  /** When the frame is due by the log. */
  #dueNs = 0;
  #sentAtNs = Number.NEGATIVE_INFINITY;
  #burst = 0;
  #running = false;

  /** @internal */
  constructor(source: ReplaySource, target: ReplayTarget, options: ReplayOptions) {
    checkOptions(source, options);
    this.#source = source;
    this.#target = target;
    this.#options = {
      speed: 1,
      maxGapMs: Number.POSITIVE_INFINITY,
      maxFramesPerSecond: Number.POSITIVE_INFINITY,
      errorFrames: false,
      rounds: 1,
      clock: systemClock,
      ...options,
    };
  }

  /** Counts up while the replay runs. */
  get report(): ReplayReport {
    const lateness = this.#lateness;
    const latenessNs = {
      mean: lateness.meanNs,
      p50: lateness.quantileNs(0.5),
      p99: lateness.quantileNs(0.99),
      max: lateness.maxNs,
    };
    return { ...this.#counts, latenessNs };
  }

  /**
   * Replays the log, once in the life of this object. A bus without room holds the replay up; it then goes on at the times of
   * the log, so that what is late is sent at once.
   *
   * @throws the signal's reason, and what the log or the bus throws.
   */
  async run({ signal }: { readonly signal?: AbortSignal } = {}): Promise<ReplayReport> {
    if (this.#running) throw new TypeError("A replay runs once: make another one");
    this.#running = true;
    this.#dueNs = this.#options.clock.elapsedNs();
    while (this.#counts.rounds < this.#options.rounds) {
      let previous: Timestamp | undefined;
      for await (const record of typeof this.#source === "function" ? this.#source() : this.#source) {
        signal?.throwIfAborted();
        const bus = this.#isWanted(record) ? await this.#busOf(record.interfaceName) : undefined;
        if (bus === undefined) {
          this.#counts.skippedFrames += 1;
          continue;
        }
        this.#dueNs += this.#gapNs(previous, record.timestamp);
        previous = record.timestamp;
        await this.#send(bus, record, signal);
      }
      this.#counts.rounds += 1;
      // An empty log, round and round, must not keep others from their turn.
      await this.#sleep(0, signal);
    }
    return this.report;
  }

  #isWanted({ frame, direction }: LogRecord): boolean {
    const wanted = this.#options.direction;
    return (wanted === undefined || direction === wanted) && (frame.kind !== "error" || this.#options.errorFrames);
  }

  async #busOf(name: string): Promise<CanBus | undefined> {
    if (typeof this.#target !== "function") return this.#target;
    if (!this.#buses.has(name)) this.#buses.set(name, await this.#target(name));
    return this.#buses.get(name);
  }

  #gapNs(previous: Timestamp | undefined, timestamp: Timestamp): number {
    const { fixedGapMs, maxGapMs, speed } = this.#options;
    // Between two rounds as between two frames.
    if (fixedGapMs !== undefined) return this.#counts.sentFrames === 0 ? 0 : fixedGapMs * 1e6;
    if (previous === undefined) return 0;
    const gapNs = elapsedNs(previous, timestamp);
    if (gapNs < 0) this.#counts.backwardFrames += 1;
    return Math.min(Math.max(gapNs, 0), maxGapMs * 1e6) / speed;
  }

  async #send(bus: CanBus, { frame }: LogRecord, signal: AbortSignal | undefined): Promise<void> {
    const { clock, maxFramesPerSecond, speed } = this.#options;
    const limited = maxFramesPerSecond < Number.POSITIVE_INFINITY;
    const dueNs = limited ? Math.max(this.#dueNs, this.#sentAtNs + 1e9 / maxFramesPerSecond) : this.#dueNs;
    const leftNs = dueNs - clock.elapsedNs();
    this.#burst = leftNs > 0 ? 0 : this.#burst + 1;
    if (leftNs > 0) await this.#sleep(leftNs, signal);
    else if (this.#burst % BURST === 0) await this.#sleep(0, signal);
    if (!bus.trySend(frame)) {
      this.#counts.congestions += 1;
      await bus.send(frame, signal === undefined ? {} : { signal });
    }
    this.#sentAtNs = clock.elapsedNs();
    this.#counts.sentFrames += 1;
    // Without a time at which it is due, a frame is not late.
    this.#lateness.add(speed === Number.POSITIVE_INFINITY ? 0 : this.#sentAtNs - dueNs);
  }

  async #sleep(delayNs: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    let stop: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = this.#options.clock.schedule(delayNs, resolve);
        stop = () => {
          timer.cancel();
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", stop, { once: true });
      });
    } finally {
      if (stop !== undefined) signal?.removeEventListener("abort", stop);
    }
  }
}

/**
 * Makes a replay of a log, which begins with {@link Replay.run}.
 *
 * @throws TypeError or RangeError if an option is wrong.
 */
export function createReplay(source: ReplaySource, target: ReplayTarget, options: ReplayOptions = {}): Replay {
  return new Replay(source, target, options);
}

function checkOptions(source: ReplaySource, options: ReplayOptions): void {
  const numbers = ["speed", "maxGapMs", "fixedGapMs", "maxFramesPerSecond", "rounds"] as const;
  requireKnownKeys("a replay", options, [...numbers, "direction", "errorFrames", "clock"]);
  for (const name of numbers) {
    const value = options[name];
    const least = name === "maxGapMs" || name === "fixedGapMs" ? 0 : Number.MIN_VALUE;
    if (value !== undefined && !(typeof value === "number" && value >= least)) {
      throw new RangeError(`${name} of a replay must be ${least === 0 ? "0 or more" : "more than 0"}, not ${value}`);
    }
  }
  const { rounds = 1, direction } = options;
  if (rounds !== Number.POSITIVE_INFINITY && !Number.isInteger(rounds)) {
    throw new RangeError(`rounds of a replay must be an integer or Infinity, not ${rounds}`);
  }
  if (rounds > 1 && typeof source !== "function") {
    throw new TypeError("A replay of several rounds needs a function that opens the log, as a stream is read once");
  }
  if (direction !== undefined && direction !== "received" && direction !== "sent") {
    throw new RangeError(`direction of a replay is "received" or "sent", not ${JSON.stringify(direction)}`);
  }
}
