import { endianness } from "node:os";
import { ErrorCode, IntercellError } from "../../errors.js";
import type { FrameOrigin, Timestamp } from "../bus.js";
import type { CanFrame } from "../frame.js";
import { frameSizeBytes, MAX_FRAME_BYTES, readFrame, writeFrame } from "../layout.js";
import type { ControllerState, NodeReport } from "./node.js";

/*
 * What a handle and the process that carries a bus say to each other, one message of the socket each, in the byte order of
 * the machine that both are on. The first byte is the kind; texts are JSON as UTF-8 from byte 4 on.
 *
 *              0      1     2         4               8               16
 *  text       | kind | 0   | 0       | JSON…                                          hello, welcome, command, reply
 *  frames     | 5    | 0   | count   | epoch         | records: | size | 0  0  0 | frame, padded to 4 bytes |…
 *  events     | 6    | 0   | count   | records:
 *
 *  record of events (16 bytes and a frame padded to 4 bytes)
 *             | kind | detail | size | nanoseconds   | seconds, f64                  | frame
 *
 *   received   detail: origin, 0 remote, 1 local; size of the frame, and when it came
 *   sent       when the oldest frame that waits was on the wire
 *   dropped    seconds: frames lost since the opening
 *   node       detail: bit 0 up, bits 1 and 2 the state; nanoseconds: tx errors, and rx errors times 2^16
 *
 * `epoch` counts the times that the handle heard that its node is down or in bus-off: frames of an epoch that is over are forgotten.
 */

/** Version of these messages. */
export const VIRTUAL_WIRE_VERSION = 1;

/** Longest message either side sends, in bytes. */
export const MAX_VIRTUAL_MESSAGE = 0x8000;

/** How either side takes what the other one sends. */
export const connectionOptions = { maxMessageBytes: MAX_VIRTUAL_MESSAGE, peer: "the virtual CAN bus" } as const;

/** Kinds of messages. */
export const MessageKind = { HELLO: 1, WELCOME: 2, COMMAND: 3, REPLY: 4, FRAMES: 5, EVENTS: 6 } as const;

const EventKind = { RECEIVED: 1, SENT: 2, DROPPED: 3, NODE: 4 } as const;

const little = endianness() === "LE";

const TEXT_OFFSET = 4;
const FRAMES_OFFSET = 8;
const FRAME_HEAD = 4;
const EVENT_HEAD = 16;

const origins: readonly FrameOrigin[] = ["remote", "local"];
const states: readonly ControllerState[] = ["error-active", "error-warning", "error-passive", "bus-off"];

/** Something that a station is told. */
export type StationEvent =
  | { readonly kind: "received"; readonly frame: CanFrame; readonly timestamp: Timestamp; readonly origin: FrameOrigin }
  | { readonly kind: "sent"; readonly timestamp: Timestamp }
  | { readonly kind: "dropped"; readonly total: number }
  | { readonly kind: "node"; readonly report: NodeReport };

/** A message with a text. */
export function encodeText(kind: number, value: unknown): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(value));
  const bytes = new Uint8Array(TEXT_OFFSET + text.length);
  bytes[0] = kind;
  bytes.set(text, TEXT_OFFSET);
  return bytes;
}

/** @throws IntercellError `ERR_PROTOCOL` if the message is not of this kind. */
export function decodeText(kind: number, bytes: Uint8Array): unknown {
  if (bytes[0] !== kind) throw broken(`a message of kind ${bytes[0]} came instead of ${kind}`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(TEXT_OFFSET)));
  } catch (cause) {
    throw broken("a text is no JSON", cause);
  }
}

/** Gathers frames to be sent until a message is full or taken. */
export class FramesWriter {
  readonly #bytes = new Uint8Array(MAX_VIRTUAL_MESSAGE);
  readonly #view = new DataView(this.#bytes.buffer);
  #length = FRAMES_OFFSET;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** False if the frame does not fit any more. */
  add(frame: CanFrame): boolean {
    const size = frameSizeBytes(frame);
    if (this.#length + FRAME_HEAD + padded(size) > MAX_VIRTUAL_MESSAGE) return false;
    this.#view.setUint16(this.#length, size, little);
    this.#view.setUint16(this.#length + 2, 0, little);
    writeFrame(this.#bytes, this.#length + FRAME_HEAD, frame);
    this.#length += FRAME_HEAD + padded(size);
    this.#count += 1;
    return true;
  }

  /** The message so far, a view that the next {@link add} overwrites. */
  message(epoch: number): Uint8Array {
    this.#view.setUint16(0, 0, little);
    this.#view.setUint8(0, MessageKind.FRAMES);
    this.#view.setUint16(2, this.#count, little);
    this.#view.setUint32(4, epoch, little);
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = FRAMES_OFFSET;
    this.#count = 0;
  }
}

/** @throws IntercellError `ERR_PROTOCOL` or `ERR_DECODE` if the message makes no sense. */
export function decodeFrames(bytes: Uint8Array): { readonly epoch: number; readonly frames: readonly CanFrame[] } {
  const view = viewOf(bytes, FRAMES_OFFSET);
  const frames: CanFrame[] = [];
  let offset = FRAMES_OFFSET;
  for (let left = view.getUint16(2, little); left > 0; left -= 1) {
    const size = sizeAt(view, offset, offset + FRAME_HEAD);
    frames.push(readFrame(bytes, offset + FRAME_HEAD, size));
    offset += FRAME_HEAD + padded(size);
  }
  return { epoch: view.getUint32(4, little), frames };
}

/** The record of an event as it stands in a message. */
export function encodeEvent(event: StationEvent): Uint8Array {
  const size = event.kind === "received" ? frameSizeBytes(event.frame) : 0;
  const bytes = new Uint8Array(EVENT_HEAD + padded(size));
  const view = new DataView(bytes.buffer);
  const head = (kind: number, detail: number, nanoseconds: number, seconds: number) => {
    view.setUint8(0, kind);
    view.setUint8(1, detail);
    view.setUint16(2, size, little);
    view.setUint32(4, nanoseconds, little);
    view.setFloat64(8, seconds, little);
  };
  switch (event.kind) {
    case "received": {
      const { nanoseconds, seconds } = event.timestamp;
      head(EventKind.RECEIVED, origins.indexOf(event.origin), nanoseconds, seconds);
      writeFrame(bytes, EVENT_HEAD, event.frame);
      break;
    }
    case "sent":
      head(EventKind.SENT, 0, event.timestamp.nanoseconds, event.timestamp.seconds);
      break;
    case "dropped":
      head(EventKind.DROPPED, 0, 0, event.total);
      break;
    case "node": {
      const { up, state, txErrors, rxErrors } = event.report;
      head(EventKind.NODE, (up ? 1 : 0) + states.indexOf(state) * 2, txErrors + rxErrors * 2 ** 16, 0);
      break;
    }
  }
  return bytes;
}

/** Whether a record is that of a received frame. */
export function hasFrame(record: Uint8Array): boolean {
  return record.length > EVENT_HEAD;
}

/** As many of these records as one message takes, and how many that are. */
export function encodeEvents(records: readonly Uint8Array[], from: number): { bytes: Uint8Array; count: number } {
  let length = TEXT_OFFSET;
  let until = from;
  while (until < records.length && until - from < 0xffff) {
    const next = length + (records[until]?.length ?? 0);
    if (next > MAX_VIRTUAL_MESSAGE) break;
    length = next;
    until += 1;
  }
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, MessageKind.EVENTS);
  view.setUint16(2, until - from, little);
  let offset = TEXT_OFFSET;
  for (const record of records.slice(from, until)) {
    bytes.set(record, offset);
    offset += record.length;
  }
  return { bytes, count: until - from };
}

/** @throws IntercellError `ERR_PROTOCOL` or `ERR_DECODE` if the message makes no sense. */
export function decodeEvents(bytes: Uint8Array): readonly StationEvent[] {
  const view = viewOf(bytes, TEXT_OFFSET);
  const events: StationEvent[] = [];
  let offset = TEXT_OFFSET;
  for (let left = view.getUint16(2, little); left > 0; left -= 1) {
    if (offset + EVENT_HEAD > bytes.length) throw broken("a record of an event is cut off");
    const size = sizeAt(view, offset + 2, offset + EVENT_HEAD);
    events.push(decodeEvent(bytes, view, offset, size));
    offset += EVENT_HEAD + padded(size);
  }
  return events;
}

function decodeEvent(bytes: Uint8Array, view: DataView, offset: number, size: number): StationEvent {
  const kind = view.getUint8(offset);
  const detail = view.getUint8(offset + 1);
  const nanoseconds = view.getUint32(offset + 4, little);
  const seconds = view.getFloat64(offset + 8, little);
  switch (kind) {
    case EventKind.RECEIVED: {
      const origin = origins[detail] ?? "remote";
      return {
        kind: "received",
        frame: readFrame(bytes, offset + EVENT_HEAD, size),
        timestamp: { seconds, nanoseconds },
        origin,
      };
    }
    case EventKind.SENT:
      return { kind: "sent", timestamp: { seconds, nanoseconds } };
    case EventKind.DROPPED:
      return { kind: "dropped", total: seconds };
    case EventKind.NODE: {
      const state = states[detail >> 1] ?? "error-active";
      const report = { up: (detail & 1) !== 0, state, txErrors: nanoseconds & 0xffff, rxErrors: nanoseconds >>> 16 };
      return { kind: "node", report };
    }
    default:
      throw broken(`an event has the kind ${kind}`);
  }
}

function viewOf(bytes: Uint8Array, least: number): DataView {
  if (bytes.length < least) throw broken(`a message has ${bytes.length} bytes`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The size of a frame, at `offset`, whose bytes begin at `begin`. */
function sizeAt(view: DataView, offset: number, begin: number): number {
  const size = begin <= view.byteLength ? view.getUint16(offset, little) : Number.POSITIVE_INFINITY;
  if (size > MAX_FRAME_BYTES || begin + padded(size) > view.byteLength) throw broken("a frame is cut off");
  return size;
}

function padded(size: number): number {
  return (size + 3) & ~3;
}

function broken(fault: string, cause?: unknown): IntercellError {
  const advice = "use one release of intercell on both sides";
  return new IntercellError(ErrorCode.PROTOCOL, `Cannot talk to the virtual CAN bus as ${fault}; ${advice}`, { cause });
}
