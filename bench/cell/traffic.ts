import type { WaitStrategy } from "intercell/shm";

/**
 * How messages are sent and received:
 * - `run`: bytes that are encoded already, 64 messages to a call, to a listener of runs
 * - `raw`: bytes that are encoded already, one message to a call, to a listener of raw memory
 * - `object`: an object for each message on both sides
 * - `view`: fields written and read in place, no object on either side
 * - `read`: as `run`, of a type whose fields a listener reads in place
 */
export type Mode = "run" | "raw" | "object" | "view" | "read";

/** Options of both ends of a measurement of throughput. */
export interface TrafficOptions {
  readonly mode: Mode;
  /** Bytes of a raw message. */
  readonly sizeBytes: number;
  readonly wait: WaitStrategy;
  /** Capacity of the ring from the sender; undefined for the largest. */
  readonly ringBytes?: number;
  /** Channels that the messages are spread over. */
  readonly channels: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  /** Watch the heap over so many messages; 0 for not at all. */
  readonly heapMessages: number;
}

export interface SendOptions extends TrafficOptions {
  /** Publish each message by itself. */
  readonly single: boolean;
}

export interface SendResult {
  readonly sent: number;
  readonly doorbellsRung: number;
  readonly bytesPerMessage?: number;
}

export interface ReceiveOptions extends TrafficOptions {
  /** The peers that send. */
  readonly senders: readonly number[];
}

export interface ReceiveResult {
  /** Messages a second, of each sender. */
  readonly perSecond: readonly number[];
  /** Doorbells and messages in the window, for acknowledgements. */
  readonly doorbellsRung: number;
  readonly bytesPerMessage?: number;
  /** Sum over what was read, so that the reading is needed. */
  readonly sum: number;
}
