import { LinkBreach, LinkFault } from "./fault.js";

/** Version of the protocol of links that are carried. */
export const LINK_VERSION = 1;

/** Bytes of a control frame. */
export const CONTROL_BYTES = 8;

/** Low bits of a cursor that go over the wire. */
export const CURSOR_MODULUS = 0x100_0000;

const Type = { hello: 0, refuse: 1, taken: 2, want: 3, probe: 4, held: 5 } as const;

/** A frame by which the two ends of a link run it (docs/can-wire.md, section 2). Epochs are u24, tags u15. */
export type ControlFrame =
  /** I am there: my epoch for the peer, 0 if I leave; the peer's that I have accepted, or 0; size of the window as power of two. */
  | { readonly type: "hello"; readonly windowPower: number; readonly epoch: number; readonly echo: number }
  /** I have nothing to do with this epoch of the peer, for the reason of {@link LinkFault}. */
  | { readonly type: "refuse"; readonly fault: number; readonly epoch: number; readonly refused: number }
  /** `taken`: all before this cursor was handed on. `want`: the stream is to go on from it. `probe`: how far it was sent. */
  | { readonly type: "taken" | "want" | "probe"; readonly tag: number; readonly cursor: number }
  /** A latest value has come: the low 16 bits of its count. */
  | {
      readonly type: "held";
      readonly topic: number;
      readonly tag: number;
      readonly channel: number;
      readonly count: number;
    };

export function encodeControl(frame: ControlFrame): Uint8Array {
  const bytes = new Uint8Array(CONTROL_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = (LINK_VERSION << 4) | Type[frame.type];
  switch (frame.type) {
    case "hello":
      bytes[1] = frame.windowPower;
      setU24(view, 2, frame.epoch);
      setU24(view, 5, frame.echo);
      break;
    case "refuse":
      bytes[1] = frame.fault;
      setU24(view, 2, frame.epoch);
      setU24(view, 5, frame.refused);
      break;
    case "held":
      bytes[1] = frame.topic;
      view.setUint16(2, frame.tag, true);
      view.setUint16(4, frame.channel, true);
      view.setUint16(6, frame.count & 0xffff, true);
      break;
    default:
      view.setUint16(2, frame.tag, true);
      setU24(view, 5, frame.cursor % CURSOR_MODULUS);
  }
  return bytes;
}

/** @throws LinkBreach `version` for what is none of them. */
export function decodeControl(bytes: Uint8Array): ControlFrame {
  const [first = 0, second = 0] = bytes;
  if (bytes.length !== CONTROL_BYTES || first >>> 4 !== LINK_VERSION) {
    const found = `${bytes.length} bytes of version ${first >>> 4}`;
    throw new LinkBreach(LinkFault.version, `Wanted a control frame of 8 bytes and version 1, found ${found}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = first & 0xf;
  if (type === Type.hello) {
    return { type: "hello", windowPower: second, epoch: u24(view, 2), echo: u24(view, 5) };
  }
  if (type === Type.refuse) return { type: "refuse", fault: second, epoch: u24(view, 2), refused: u24(view, 5) };
  const tag = view.getUint16(2, true);
  if (type === Type.held) {
    return { type: "held", topic: second, tag, channel: view.getUint16(4, true), count: view.getUint16(6, true) };
  }
  const cursor = { tag, cursor: u24(view, 5) };
  if (second !== 0 || view.getUint8(4) !== 0) {
    throw new LinkBreach(LinkFault.version, "A control frame has bits set that must be zero");
  }
  if (type === Type.taken) return { type: "taken", ...cursor };
  if (type === Type.want) return { type: "want", ...cursor };
  if (type === Type.probe) return { type: "probe", ...cursor };
  throw new LinkBreach(LinkFault.version, `A control frame is of type ${type}, which does not exist`);
}

/**
 * What the data of one direction carries, so that it is not taken for that of another session: it depends on both epochs.
 *
 * @returns 15 bits.
 */
export function sessionTag(senderEpoch: number, receiverEpoch: number): number {
  return (senderEpoch * 5 + receiverEpoch) & 0x7fff;
}

/** The cursor that has these low bits and lies next to `near`. */
export function expandCursor(low: number, near: number): number {
  const ahead = (low - near) & (CURSOR_MODULUS - 1);
  return near + (ahead < CURSOR_MODULUS / 2 ? ahead : ahead - CURSOR_MODULUS);
}

function setU24(view: DataView, offset: number, value: number): void {
  view.setUint16(offset, value & 0xffff, true);
  view.setUint8(offset + 2, (value >>> 16) & 0xff);
}

function u24(view: DataView, offset: number): number {
  return view.getUint16(offset, true) + view.getUint8(offset + 2) * 0x1_0000;
}
