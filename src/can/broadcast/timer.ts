import { createEmitter, throwLater } from "../../channel/emitter.js";
import type { TypedEmitter } from "../../emitter.js";
import { ErrorCode, IntercellError, isIntercellError } from "../../errors.js";
import type { CanBus } from "../bus.js";
import type { CanFrame } from "../frame.js";
import type { CanId } from "../id.js";
import type {
  BroadcastManager,
  BroadcastManagerEvents,
  BroadcastStatistics,
  ContentWatch,
  CyclicTransmission,
  CyclicTransmissionEvents,
  TransmitOptions,
  UpdateOptions,
  WatchOptions,
} from "./broadcast.js";
import {
  alreadyWatched,
  type CheckedCycle,
  checkCycle,
  checkCycleFrames,
  checkUpdate,
  checkWatch,
  requireSuccessors,
} from "./options.js";
import { TimerWatch } from "./timer-watch.js";

/** Keeps cycles and watches by timers of this process, on any bus. It does not close the bus. */
export class TimerBroadcastManager implements BroadcastManager {
  readonly name: string;
  readonly timing = "process";
  readonly events: TypedEmitter<BroadcastManagerEvents>;
  readonly #bus: CanBus;
  readonly #cycles = new Set<TimerCycle>();
  readonly #watches = new Map<string, TimerWatch>();
  #skipped = 0;
  #closed = false;

  constructor(bus: CanBus) {
    this.name = bus.name;
    this.#bus = bus;
    this.events = createEmitter<BroadcastManagerEvents>(`the broadcast manager of ${bus.name}`, ["error", "close"]);
    bus.events.on("close", this.#end);
  }

  get statistics(): BroadcastStatistics {
    return { skippedFrames: this.#skipped, droppedEvents: 0 };
  }

  transmit(frames: CanFrame | readonly CanFrame[], options: TransmitOptions): CyclicTransmission {
    this.#requireOpen();
    const cycle = new TimerCycle(this.name, this.#bus.fd, checkCycle(options), frames, {
      send: (frame) => this.#send(frame),
      ended: (ended) => this.#cycles.delete(ended),
    });
    this.#cycles.add(cycle);
    cycle.start();
    return cycle;
  }

  watch(id: CanId, options: WatchOptions = {}): ContentWatch {
    this.#requireOpen();
    const checked = checkWatch(id, options);
    const key = `${id}/${checked.fd}`;
    if (this.#watches.has(key)) throw alreadyWatched(this.name, id);
    const watch = new TimerWatch(this.#bus, id, checked, () => this.#watches.delete(key));
    this.#watches.set(key, watch);
    return watch;
  }

  close(): void {
    this.#end();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  readonly #end = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    this.#bus.events.off("close", this.#end);
    for (const cycle of [...this.#cycles]) cycle.close();
    for (const watch of [...this.#watches.values()]) watch.close();
    this.events.emit("close");
  };

  /** A frame that finds no room is skipped: the next one of its cycle is newer. */
  #send(frame: CanFrame): void {
    try {
      if (this.#bus.trySend(frame)) return;
      this.#skipped++;
      const message = `A frame of a cycle found no room on ${this.name}: the bus is slower than the cycle`;
      this.events.emit("error", new IntercellError(ErrorCode.FULL, message));
    } catch (error) {
      if (!isIntercellError(error)) {
        throwLater(error);
        return;
      }
      this.#skipped++;
      this.events.emit("error", error);
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `The broadcast manager of ${this.name} is closed`);
  }
}

interface CycleHooks {
  send(frame: CanFrame): void;
  ended(cycle: TimerCycle): void;
}

class TimerCycle implements CyclicTransmission {
  readonly events = createEmitter<CyclicTransmissionEvents>("a cyclic transmission", ["done"]);
  readonly #name: string;
  readonly #fd: boolean;
  readonly #cycle: CheckedCycle;
  readonly #hooks: CycleHooks;
  #frames: readonly CanFrame[];
  #next = 0;
  #left: number;
  #periodMs: number;
  /** When the next frame is due, by performance.now(). */
  #due = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    name: string,
    fd: boolean,
    cycle: CheckedCycle,
    frames: CanFrame | readonly CanFrame[],
    hooks: CycleHooks,
  ) {
    this.#name = name;
    this.#fd = fd;
    this.#cycle = cycle;
    this.#hooks = hooks;
    this.#frames = checkCycleFrames(name, fd, frames);
    this.#left = cycle.count === 0 ? Number.POSITIVE_INFINITY : cycle.count;
    this.#periodMs = cycle.periodUs / 1000;
  }

  start(): void {
    this.#due = performance.now();
    this.#tick();
  }

  update(frames: CanFrame | readonly CanFrame[], options: UpdateOptions = {}): void {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `A cyclic transmission on ${this.#name} is closed`);
    const { now, restart } = checkUpdate(options);
    const list = checkCycleFrames(this.#name, this.#fd, frames);
    requireSuccessors(list, this.#frames);
    if (list.length !== this.#frames.length) this.#next = 0;
    this.#frames = list;
    if (restart && this.#periodMs > 0) {
      clearTimeout(this.#timer);
      this.start();
    } else if (restart || now) this.#sendNext();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#hooks.ended(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #tick(): void {
    this.#sendNext();
    if (this.#closed) return;
    this.#left--;
    if (this.#left === 0) {
      this.#left = Number.POSITIVE_INFINITY;
      this.#periodMs = this.#cycle.thenPeriodUs / 1000;
      // Later, as the caller of transmit() does not listen yet if there is but one frame.
      setImmediate(() => {
        if (!this.#closed) this.events.emit("done");
      });
      if (this.#periodMs === 0) return;
    }
    // Kept to the phase of the first frame. Those whose time has passed while the process was busy are not made up for.
    const late = Math.max(0, performance.now() - this.#due);
    this.#due += this.#periodMs * (1 + Math.floor(late / this.#periodMs));
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#due - performance.now()));
  }

  #sendNext(): void {
    const frame = this.#frames[this.#next] as CanFrame;
    this.#next = (this.#next + 1) % this.#frames.length;
    this.#hooks.send(frame);
  }
}
