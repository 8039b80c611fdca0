import {
  type Link,
  type LinkDown,
  NO_ROOM,
  type Port,
  type PortAnnouncement,
  type PortHandler,
  type PortRecordKind,
  RecordKind,
} from "../../src/channel/index.js";
import { turns, until } from "./until.js";

/** Two links that are each other's peers. */
export interface LinkPair {
  readonly left: Link;
  /** Another object after {@link restartRight}. */
  readonly right: Link;
  /** Ends the right link without a word, as SIGKILL does, and starts another in its place. */
  restartRight?(): Promise<void> | void;
  /** Makes the right side absent for the left one while its session stands. */
  suspendRight?(): Promise<void> | void;
  /** Undoes {@link suspendRight}. */
  resumeRight?(): Promise<void> | void;
  /** Makes the right side break the protocol of the link. */
  breakRight?(): Promise<void> | void;
  close(): Promise<void> | void;
}

export type MakePair = () => Promise<LinkPair> | LinkPair;

/** What a kind of link cannot do, so that the contract asks for a refusal or nothing. */
export interface LinkLimits {
  /** Topics are refused at attach. */
  readonly noTopics?: boolean;
  /** Broadcasts are refused. */
  readonly noBroadcasts?: boolean;
  /** Records move only while the event loop turns. */
  readonly noSpin?: boolean;
  /** The pair cannot be made to restart, be absent, or misbehave. */
  readonly noRestart?: boolean;
  readonly noSuspend?: boolean;
  readonly noBreak?: boolean;
}

export interface ReceivedRecord {
  readonly kind: PortRecordKind;
  readonly message: number;
  readonly sequence: number;
  readonly bytes: readonly number[];
}

/** A handler that writes down what it is told. */
export class Recorder implements PortHandler {
  readonly records: ReceivedRecord[] = [];
  readonly broadcasts: { message: number; missed: number; bytes: readonly number[] }[] = [];
  readonly downs: LinkDown[] = [];
  readonly mismatches: PortAnnouncement[] = [];
  opens = 0;
  rooms = 0;
  misaligned = 0;
  /** Records that are turned down before each one that is taken. */
  refusals = 0;
  onRecord: (() => void) | undefined;
  onLost: (() => void) | undefined;

  record(
    kind: PortRecordKind,
    message: number,
    sequence: number,
    view: DataView,
    offset: number,
    length: number,
  ): boolean {
    if (this.refusals > 0) {
      this.refusals--;
      return false;
    }
    if (offset % 8 !== 0) this.misaligned++;
    this.records.push({ kind, message, sequence, bytes: copy(view, offset, length) });
    this.onRecord?.();
    return true;
  }

  broadcast(message: number, missed: number, view: DataView, offset: number, length: number): void {
    this.broadcasts.push({ message, missed, bytes: copy(view, offset, length) });
  }

  opened(): void {
    this.opens++;
  }

  lost(down: LinkDown): void {
    this.downs.push(down);
    this.onLost?.();
  }

  mismatched(peer: PortAnnouncement): void {
    this.mismatches.push(peer);
  }

  room(): void {
    this.rooms++;
  }
}

function copy(view: DataView, offset: number, length: number): number[] {
  return [...new Uint8Array(view.buffer, view.byteOffset + offset, length)];
}

/** Commits bytes on a port; its sequence or {@link NO_ROOM}. */
export function commitBytes(
  port: Port,
  bytes: readonly number[],
  kind: PortRecordKind = RecordKind.data,
  message = 0,
): number {
  const offset = port.claim(bytes.length);
  if (offset === NO_ROOM) return NO_ROOM;
  new Uint8Array(port.view.buffer, port.view.byteOffset + offset, bytes.length).set(bytes);
  return port.commit(kind, message, bytes.length);
}

export type Attached = { readonly port: Port; readonly seen: Recorder };

export function attach(link: Link, name = "test", typeHash = 1n, topicSizes: readonly number[] = []): Attached {
  const seen = new Recorder();
  const port = link.attach({ name, protocolName: `protocol${typeHash}`, typeHash, topicSizes, handler: seen });
  return { port, seen };
}

export const FILL_BYTES = 32;

/** Sends to a peer that has turned one record down until there is no room; gives the number of records. */
export async function fill(left: Attached, right: Attached): Promise<number> {
  const bytes = Array.from({ length: FILL_BYTES }, (_, index) => index);
  let committed = 0;
  const sendAll = (): void => {
    while (commitBytes(left.port, bytes) !== NO_ROOM) committed++;
    left.port.flush();
  };
  sendAll();
  await until(() => right.seen.refusals === 0, "a record was turned down");
  // Twice, as the peer may have taken some into its own memory.
  for (let round = 0; round < 2; round++) {
    await turns();
    sendAll();
  }
  left.seen.rooms = 0;
  return committed;
}

export type OpenBoth = () => Promise<{ left: Attached; right: Attached }>;
