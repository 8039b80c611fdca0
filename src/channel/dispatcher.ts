import { ErrorCode, IntercellError } from "../errors.js";
import { hashHex } from "../schema/description.js";
import type { Inbox } from "./inbox.js";
import type { Lifecycle } from "./lifecycle.js";
import { type LinkDown, type PortAnnouncement, type PortHandler, type PortRecordKind, RecordKind } from "./link.js";
import type { Outbox } from "./outbox.js";
import { FAULT_HEADER_BYTES, REPLY_HEADER_BYTES } from "./reply.js";
import type { Requester } from "./requester.js";
import type { Responder } from "./responder.js";
import type { ChannelCounters } from "./statistics.js";

/** The parts of a channel that records and changes of state go to. */
export interface DispatcherParts {
  readonly label: string;
  readonly announcement: PortAnnouncement;
  readonly counters: ChannelCounters;
  readonly lifecycle: Lifecycle;
  readonly outbox: Outbox;
  /** Of messages and then broadcasts, by number. */
  readonly inboxes: readonly Inbox<unknown>[];
  readonly requester: Requester;
  readonly responder: Responder;
  /** Ends what waits for the peer to take what was sent. */
  sessionEnded(error: IntercellError): void;
  /** The link was closed. */
  close(): void;
}

/** What a channel is to its port. Set up after the port, as the parts need that first. */
export class Dispatcher implements PortHandler {
  #parts: DispatcherParts | undefined;
  #held: Inbox<unknown> | undefined;

  /** Why the link is made to wait, if it is. */
  get obstacle(): string | undefined {
    return this.#held?.obstacle;
  }

  connect(parts: DispatcherParts): void {
    this.#parts = parts;
  }

  /** Forgets that the link waits; false if it does not. */
  release(): boolean {
    if (this.#held === undefined) return false;
    this.#held = undefined;
    return true;
  }

  record(
    kind: PortRecordKind,
    message: number,
    sequence: number,
    view: DataView,
    offset: number,
    length: number,
  ): boolean {
    const parts = this.#require();
    if (kind === RecordKind.data) {
      const inbox = parts.inboxes[message];
      if (inbox === undefined || !inbox.lossless) this.#unknown(`a message of number ${message}`);
      else if (!inbox.deliver(sequence, 0, view, offset, length)) {
        this.#held = inbox;
        return false;
      }
    } else if (kind === RecordKind.request) parts.responder.requested(message, sequence, view, offset, length);
    else if (length < (kind === RecordKind.error ? FAULT_HEADER_BYTES : REPLY_HEADER_BYTES)) {
      this.#unknown(`a record of kind ${kind} with ${length} bytes`);
    } else if (kind === RecordKind.reply) parts.requester.replied(message, view, offset, length);
    else if (kind === RecordKind.error) parts.requester.refused(view, offset, length);
    else parts.responder.cancelled(view.getUint32(offset, true));
    return true;
  }

  recordRun(
    message: number,
    sequence: number,
    view: DataView,
    offset: number,
    length: number,
    stride: number,
    count: number,
  ): number {
    const inbox = this.#require().inboxes[message];
    if (inbox === undefined || !inbox.lossless) {
      for (let index = 0; index < count; index++) this.#unknown(`a message of number ${message}`);
      return count;
    }
    const taken = inbox.deliverRun(sequence, view, offset, length, stride, count);
    if (taken < count && !inbox.closed) this.#held = inbox;
    return taken;
  }

  broadcast(message: number, missed: number, view: DataView, offset: number, length: number): void {
    const parts = this.#require();
    parts.counters.broadcastsMissed += missed;
    const inbox = parts.inboxes[message];
    if (inbox === undefined || inbox.lossless) this.#unknown(`a broadcast of number ${message}`);
    else inbox.deliver(0, missed, view, offset, length);
  }

  opened(): void {
    const { outbox, lifecycle } = this.#require();
    outbox.restart();
    lifecycle.opened();
    outbox.pump();
  }

  lost(down: LinkDown): void {
    const { label, lifecycle, outbox, requester, responder, inboxes, sessionEnded, close } = this.#require();
    if (down.reason === "closed") {
      lifecycle.lost(down);
      close();
      return;
    }
    if (!down.resumable) {
      this.#held = undefined;
      const error = new IntercellError(ErrorCode.PEER_RESTARTED, `The session of ${label} ended: ${down.reason}`);
      requester.sessionEnded(down);
      responder.sessionEnded(error);
      outbox.dropControls();
      outbox.restart();
      sessionEnded(error);
    }
    if (down.reason === "fault" || down.reason === "peer refused") {
      const fault = protocolFault(label, down);
      for (const inbox of inboxes) inbox.end(fault);
    }
    lifecycle.lost(down);
  }

  mismatched(peer: PortAnnouncement): void {
    const { label, announcement, lifecycle, outbox, requester, inboxes } = this.#require();
    const own = `protocol ${announcement.protocolName} (${hashHex(announcement.typeHash)})`;
    const other = `protocol ${JSON.stringify(peer.protocolName)} (${hashHex(peer.typeHash)})`;
    const message = `Cannot use ${label} as this side has ${own} and the peer has ${other}`;
    const error = new IntercellError(
      ErrorCode.TYPE_MISMATCH,
      `${message}: build both from one definition; description of the two protocols shows where they differ`,
    );
    outbox.stop(error, false);
    requester.stop(error);
    for (const inbox of inboxes) inbox.end(error);
    lifecycle.mismatched(error);
  }

  room(): void {
    this.#require().outbox.pump();
  }

  #unknown(found: string): void {
    const { label, counters, lifecycle } = this.#require();
    counters.undecodable++;
    const message = `Cannot take what arrived on ${label}: found ${found}, which its protocol does not have`;
    lifecycle.report(new IntercellError(ErrorCode.DECODE, message));
  }

  #require(): DispatcherParts {
    if (this.#parts === undefined) throw new Error("A link called a channel before attach() returned");
    return this.#parts;
  }
}

function protocolFault(label: string, down: LinkDown): IntercellError {
  const what = down.reason === "fault" ? "The peer broke the wire protocol" : "The peer refused this side";
  const found = down.error === undefined ? "" : `: ${down.error.message}`;
  return new IntercellError(ErrorCode.PROTOCOL, `${what} on ${label}${found}`, { cause: down.error });
}
