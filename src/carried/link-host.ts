import type { LinkClock } from "./clock.js";

/** How often a link is looked at. */
export const TICK_NS = 50e6;

/** What a link needs of whoever opened it. */
export interface LinkHost {
  readonly clock: LinkClock;
  /** Power of two of the bytes that may be under way each way, 10 to 22. */
  readonly windowPower: number;
  readonly heartbeatNs: number;
  readonly stallNs: number;
  /** Numbers of channels: one for each name, on all links of a node. */
  takeNumber(name: string): number;
  releaseNumber(name: string): void;
  /** An epoch that no link of this node had lately: u24, not 0. */
  nextEpoch(): number;
  /** The link is closed; it may still be about to send what was committed. */
  removed(): void;
  /** The link has sent all, or given up, and has closed its carrier. */
  finished(): void;
}
