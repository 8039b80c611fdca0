import { arbitrationKey } from "../arbitration.js";
import type { FrameOrigin, Timestamp } from "../bus.js";
import { type CheckedFilterSet, createMatcher } from "../filter.js";
import type { CanFrame } from "../frame.js";
import type { NodeReport, VirtualNode } from "./node.js";

/** What a station asks of the bus. */
export interface StationOptions extends CheckedFilterSet {
  /** Name of its node: stations of one node share a controller, as sockets on one interface do. */
  readonly node: string;
  /** Frames that wait for the wire at most. */
  readonly queueFrames: number;
  /** Whether it gets CAN FD and CAN XL frames. */
  readonly fd: boolean;
  readonly xl: boolean;
}

/** Told what happens at a station, in the order of the bus, while the bus runs; not from within a call to the bus. */
export interface StationSink {
  received(frame: CanFrame, timestamp: Timestamp, origin: FrameOrigin): void;
  /** The frame that has waited longest is on the wire. */
  sent(timestamp: Timestamp): void;
  /** The node was taken up or down, or its controller changed its state. Down or in bus-off it forgets the frames that wait. */
  nodeChanged(report: NodeReport): void;
  /** A run is over: what was told since the last one can be handed on together. */
  flush(): void;
}

/** A frame that waits for the wire. */
export interface QueuedFrame {
  readonly frame: CanFrame;
  readonly key: number;
  readonly sinceNs: number;
}

/** One handle's place on a virtual bus: the frames that it wants to send, in their order, and what it wants to hear. */
export class VirtualStation {
  readonly node: VirtualNode;
  readonly sink: StationSink;
  readonly #options: StationOptions;
  readonly #matches: (frame: CanFrame) => boolean;
  readonly #queue: QueuedFrame[] = [];
  #head = 0;
  /** Times that the frame at the head was destroyed. */
  attempts = 0;
  /** Its handle is closed: it is told nothing, and goes once its last frame is sent. */
  closed = false;

  constructor(node: VirtualNode, options: StationOptions, sink: StationSink) {
    this.node = node;
    this.sink = sink;
    this.#options = options;
    this.#matches = createMatcher({
      filters: options.filters,
      joinFilters: options.joinFilters,
      errorMask: options.errorMask,
    });
  }

  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  get hasRoom(): boolean {
    return this.waiting < this.#options.queueFrames;
  }

  get head(): QueuedFrame | undefined {
    return this.#queue[this.#head];
  }

  push(frame: CanFrame, sinceNs: number): void {
    this.#queue.push({ frame, key: arbitrationKey(frame), sinceNs });
  }

  shift(): void {
    this.#head += 1;
    this.attempts = 0;
    // Cut off now and then, so that a queue costs the same however long it is.
    if (this.#head < 64 && this.#head < this.#queue.length) return;
    this.#queue.splice(0, this.#head);
    this.#head = 0;
  }

  clear(): void {
    this.#queue.length = 0;
    this.#head = 0;
    this.attempts = 0;
  }

  /** Whether it hears such a frame: the kernel keeps back what a socket did not ask for, and says nothing. */
  hears(frame: CanFrame): boolean {
    if (this.closed) return false;
    if (frame.kind === "fd" && !this.#options.fd) return false;
    if (frame.kind === "xl" && !this.#options.xl) return false;
    return this.#matches(frame);
  }
}
