import type { CanBus, CanBusOptions, FrameOrigin } from "../../src/can/index.js";

/** One bus with two ends, for the contract of CanBus. */
export interface BusStage {
  /** Opens a handle on one end: another node if `peerOrigin` is `remote`, else the same interface. */
  open(end: 0 | 1, options?: CanBusOptions): Promise<CanBus>;
  close(): Promise<void> | void;
  /** Makes the bus carry nothing, so that what is sent fills its queues; absent unless the bus `holds`. */
  readonly hold?: () => Promise<void> | void;
  /** Ends {@link hold}; what waits is carried. */
  readonly release?: () => Promise<void> | void;
  /** Takes end 0 down or up; absent unless it `goesDown`. */
  readonly setUp?: (up: boolean) => Promise<void> | void;
}

export interface BusTraits {
  /** What a frame of end 0 is at end 1. */
  readonly peerOrigin: FrameOrigin;
  readonly fd: boolean;
  /** Whether remote frames may have a length code: the emulated SJA1000 loses count of its memory by them. */
  readonly remoteLengths: boolean;
  /** Whether software may send error frames, as on vcan. */
  readonly sendsErrors: boolean;
  /** Whether the stage has `hold` and `release`. */
  readonly holds: boolean;
  /** Whether the stage has `setUp`. */
  readonly goesDown: boolean;
}

export type OpenStage = () => Promise<BusStage> | BusStage;
