import type { BroadcastWriter } from "./broadcast.js";
import type { LatestRegion } from "./latest.js";

/** What a link needs of the node that it belongs to. */
export interface LinkHost {
  readonly deviceName: string;
  readonly latest: LatestRegion;
  readonly broadcasts: BroadcastWriter | undefined;
  /** Number of a channel name, the same on all links; released as often as it was taken. */
  takeNumber(name: string): number;
  releaseNumber(name: string): void;
  nextEpoch(): number;
  /** The state word of a peer as of now. */
  peerState(peer: number): number;
  ring(peer: number, vector: number): void;
  /** Rings every peer that sleeps and listens to broadcasts. */
  ringAll(): void;
  /** Polls the links soon: something is to be done that no peer will announce. */
  attend(): void;
  removed(peerId: number): void;
}
