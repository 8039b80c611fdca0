import { ErrorCode, IntercellError } from "../errors.js";
import type { DeviceGeometry } from "./geometry.js";

/*
 * What a cell and the broker say to each other, one message of the socket each, little-endian. The C client holds the
 * same layouts (native/sim/intercell_sim.c).
 *
 *            0        4        8        12       16       20       24       28
 *  hello    | magic  | vers.  | kind   | device | peer   | 0      | 0      | 0      |  32 bytes
 *  welcome  | magic  | vers.  | -errno | device | peer   | peers  | vectors| protoc.|  64 bytes, then the
 *        32 | stateTableBytes | rwBytes         | outputBytes     | count  | 0      |  reason as UTF-8 text
 *  notice   | magic  | vers.  | reason | 0      |                                      16 bytes
 *
 * A welcome carries `count` descriptors: hypervisor page, state table (both for the trap code), state table read-only,
 * one eventfd for each peer, the R/W section unless its size is 0, and unless outputs have size 0 each peer's output
 * section read-only, then the own one writable.
 */

/*
 * The device of a hello is an index, or 0x8000_0000 plus a protocol for the first device of that protocol. The welcome
 * has the index.
 */

/** Version of these messages. */
export const WIRE_VERSION = 1;

export const HELLO_BYTES = 32;
export const WELCOME_BYTES = 64;
export const NOTICE_BYTES = 16;

/** Longest message either side sends. */
export const MAX_MESSAGE_BYTES = 0x8000;

/** How either side takes what the other one sends. */
export const connectionOptions = { maxMessageBytes: MAX_MESSAGE_BYTES, peer: "the simulated machine" } as const;

const HELLO_MAGIC = 0x4c484349; // "ICHL"
const WELCOME_MAGIC = 0x4c574349; // "ICWL"
const NOTICE_MAGIC = 0x544e4349; // "ICNT"

/** Who connects: a cell to one device, or the tool that manages cells (the side of `jailhouse` and its sysfs). */
export const ClientKind = { CELL: 1, CONTROL: 2 } as const;
export type ClientKind = (typeof ClientKind)[keyof typeof ClientKind];

/** Why the broker stops a cell that cannot be killed, as it lives in the process that started the machine. */
export const StopReason = { SHUT_DOWN: 1, CRASHED: 2 } as const;
export type StopReason = (typeof StopReason)[keyof typeof StopReason];

export interface Hello {
  readonly kind: ClientKind;
  readonly device: number;
  readonly peer: number;
}

export interface Welcome {
  /** Positive errno of a refusal, or 0. */
  readonly errno: number;
  /** The reason of a refusal, as a sentence. */
  readonly reason: string;
  readonly device: number;
  readonly peer: number;
  readonly geometry: DeviceGeometry;
  readonly descriptorCount: number;
}

export function encodeHello(hello: Hello): Uint8Array {
  return words(HELLO_BYTES, [HELLO_MAGIC, WIRE_VERSION, hello.kind, hello.device, hello.peer]);
}

/** @throws IntercellError `ERR_PROTOCOL` if the bytes are not a hello of this version. */
export function decodeHello(bytes: Uint8Array): Hello {
  const view = checkedView(bytes, "hello", HELLO_MAGIC, HELLO_BYTES);
  const kind = view.getUint32(8, true);
  if (bytes.byteLength !== HELLO_BYTES || (kind !== ClientKind.CELL && kind !== ClientKind.CONTROL)) {
    throw new IntercellError(ErrorCode.PROTOCOL, `A hello of kind ${kind} and ${bytes.byteLength} bytes is not known`);
  }
  return { kind, device: view.getUint32(12, true), peer: view.getUint32(16, true) };
}

export function encodeWelcome(welcome: Welcome): Uint8Array {
  const reason = new TextEncoder().encode(welcome.reason);
  const { geometry } = welcome;
  const bytes = words(WELCOME_BYTES + reason.byteLength, [
    ...[WELCOME_MAGIC, WIRE_VERSION, -welcome.errno, welcome.device, welcome.peer],
    ...[geometry.peers, geometry.vectors, geometry.protocol],
    ...[geometry.stateTableBytes, 0, geometry.rwBytes, 0, geometry.outputBytes, 0, welcome.descriptorCount],
  ]);
  bytes.set(reason, WELCOME_BYTES);
  return bytes;
}

/** @throws IntercellError `ERR_PROTOCOL` if the bytes are not a welcome of this version. */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  const view = checkedView(bytes, "welcome", WELCOME_MAGIC, WELCOME_BYTES);
  return {
    errno: 0 - view.getInt32(8, true),
    reason: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(WELCOME_BYTES)),
    device: view.getUint32(12, true),
    peer: view.getUint32(16, true),
    geometry: {
      peers: view.getUint32(20, true),
      vectors: view.getUint32(24, true),
      protocol: view.getUint32(28, true),
      stateTableBytes: Number(view.getBigUint64(32, true)),
      rwBytes: Number(view.getBigUint64(40, true)),
      outputBytes: Number(view.getBigUint64(48, true)),
    },
    descriptorCount: view.getUint32(56, true),
  };
}

export function encodeNotice(reason: StopReason): Uint8Array {
  return words(NOTICE_BYTES, [NOTICE_MAGIC, WIRE_VERSION, reason]);
}

/** @throws IntercellError `ERR_PROTOCOL` if the bytes are not a notice of this version. */
export function decodeNotice(bytes: Uint8Array): StopReason {
  const reason = checkedView(bytes, "notice", NOTICE_MAGIC, NOTICE_BYTES).getUint32(8, true);
  return reason === StopReason.CRASHED ? StopReason.CRASHED : StopReason.SHUT_DOWN;
}

function words(sizeBytes: number, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setUint32(index * 4, value, true);
  });
  return bytes;
}

function checkedView(bytes: Uint8Array, what: string, magic: number, minBytes: number): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < minBytes || view.getUint32(0, true) !== magic) {
    throw new IntercellError(ErrorCode.PROTOCOL, `${bytes.byteLength} bytes arrived that are not a ${what}`);
  }
  const version = view.getUint32(4, true);
  if (version !== WIRE_VERSION) {
    throw new IntercellError(
      ErrorCode.PROTOCOL,
      `A ${what} of version ${version} arrived where this side speaks ${WIRE_VERSION}; use one release on both sides`,
    );
  }
  return view;
}
