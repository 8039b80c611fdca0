import { ErrorCode, IntercellError } from "../errors.js";
import { faultName } from "./fault.js";
import type { Peering } from "./peering.js";
import type { RingWriter } from "./ring-writer.js";

/** Says why a link is not up, and what to look at. `state` is the peer's state word. */
export function explainWaiting(peering: Peering, state: number): string {
  if (peering.refused) return "the peer broke the protocol; restart it";
  if (state === 0) return "its state word is 0, so no program of that cell has the device open; is the cell running?";
  const { refusal } = peering.session;
  if (refusal !== 0) return `it refuses this side (${faultName(refusal)}); compare versions and device configurations`;
  if (peering.session.state === "idle") {
    return `its state word is ${state}, but it has no link to this cell, or speaks another protocol`;
  }
  return `its state word is ${state}, but it does not answer the handshake; did the cell crash?`;
}

/** The fault for a record that the ring towards a peer could never hold. */
export function recordTooLarge(
  peer: string,
  { maxPayload, capacity }: RingWriter,
  payloadBytes: number,
): IntercellError {
  const found = `A record of ${payloadBytes} bytes cannot be sent to ${peer}, which takes ${maxPayload}`;
  const remedy = `half the ring of ${capacity} less its header; use larger sections or fewer peers`;
  return new IntercellError(ErrorCode.TOO_LARGE, `${found}: ${remedy}`);
}

/**
 * The broadcast ring of a node, which holds a record of `payloadBytes`.
 *
 * @throws IntercellError `ERR_UNSUPPORTED` if there is none, `ERR_TOO_LARGE` if it could never hold the record.
 */
export function requireBroadcastRing<R extends { readonly maxPayload: number }>(
  deviceName: string,
  ring: R | undefined,
  payloadBytes: number,
): R {
  if (ring === undefined) {
    const remedy = "give the node broadcastBytes or larger output sections";
    throw new IntercellError(ErrorCode.UNSUPPORTED, `${deviceName} has no broadcast ring; ${remedy}`);
  }
  if (payloadBytes <= ring.maxPayload) return ring;
  const found = `A broadcast of ${payloadBytes} bytes does not fit the broadcast ring of ${deviceName}`;
  const remedy = `which takes ${ring.maxPayload}; give the node more broadcastBytes`;
  throw new IntercellError(ErrorCode.TOO_LARGE, `${found}, ${remedy}`);
}
