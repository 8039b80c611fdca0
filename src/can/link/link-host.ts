import type { CanClock } from "../clock.js";
import type { IsoTpEndpoint } from "../isotp/endpoint.js";
import type { ControlFrame } from "./control-frame.js";

/** What a link needs of its node. @typeParam L the kind of link. */
export interface CanLinkHost<L = never> {
  /** Shown in messages, such as `node 1 on can0`. */
  readonly name: string;
  readonly busName: string;
  readonly clock: CanClock;
  readonly windowPower: number;
  readonly heartbeatNs: number;
  readonly stallNs: number;
  /** Numbers of channels: one for each name, on all links. */
  takeNumber(name: string): number;
  releaseNumber(name: string): void;
  nextEpoch(): number;
  /** The connection that carries data to a node and back. */
  openData(peer: number): IsoTpEndpoint;
  /** The connection on which a node's broadcasts come. */
  openBroadcasts(peer: number): IsoTpEndpoint;
  /** Sends a frame to a node; false if there is no room, or the bus is down, and the link's `sendDue` is called later. */
  sendControl(peer: number, frame: ControlFrame): boolean;
  /** The same for the last frame of a link, which waits for room by itself. */
  sendLast(peer: number, frame: ControlFrame): void;
  broadcast(channel: number, message: number, payload: Uint8Array): void;
  /** The link is closed; it may still be about to send what was committed. */
  removed(link: L): void;
  /** The link has sent all, or given up. */
  finished(link: L): void;
}
