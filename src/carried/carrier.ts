import type { IntercellError } from "../errors.js";
import type { LinkBreach } from "./fault.js";

/**
 * What carries one link to its peer and back: a CAN bus, a TCP connection, Ethernet frames. It may lose what it was given, may
 * carry PDUs twice or late, and may be down for a while: the link above numbers the bytes of its stream, keeps them until the
 * peer has taken them, and sends them again. It changes nothing, and does not split or join what it was given.
 *
 * There are three ways: control frames of {@link CONTROL_BYTES}, which the link repeats until they have done their work, and of which
 * some may be lost but none comes twice or behind a later one; data PDUs; and broadcasts. A carrier trusts nothing that came: what is not for the link, or too long, it drops and counts.
 */
export interface Carrier {
  /** The peer, as messages name it, such as `node 2 on can0`. */
  readonly name: string;
  /** Longest data PDU with a part of the stream, from 70 bytes on. May change while the carrier is down. */
  readonly maxStreamPduBytes: number;
  /** Longest latest value; its PDU is up to 12 bytes longer. */
  readonly maxTopicBytes: number;
  /** Whether anything can be sent. If not, {@link CarrierUser.restored} follows. */
  readonly up: boolean;
  /** Called once, before anything else; what comes is told to `user` from then on, never from within a method. */
  listen(user: CarrierUser): void;
  /** Sends a control frame; false if there is no room or the carrier is down: {@link CarrierUser.room} follows. */
  sendControl(frame: Uint8Array): boolean;
  /** The same for the last frame of a link: it is given to the peer if it can be, though {@link close} follows at once. */
  sendLast(frame: Uint8Array): void;
  /**
   * Sends a data PDU. Its bytes stay as they are until the promise has settled.
   *
   * @returns what resolves once the next one may be sent, and rejects if this one did not get through, or `signal` aborts:
   * the link then sends it again.
   */
  send(pdu: Uint8Array, signal: AbortSignal): Promise<void>;
  /**
   * Sends a data PDU with a latest value, past the others. Absent if the carrier has one way for all PDUs; {@link send} is
   * called then.
   *
   * @returns false if there is no room: {@link CarrierUser.room} follows.
   */
  sendLatest?(pdu: Uint8Array): boolean;
  /** Sends a broadcast, or lets it wait in a bounded queue. @throws IntercellError `ERR_TOO_LARGE`. */
  broadcast(channel: number, message: number, payload: Uint8Array): void;
  /** Says why the link is not up, for people. @param heard whether the peer ever said anything. */
  explain(heard: boolean): string;
  /** Lets go of what it holds. Nothing is told any more. Idempotent. */
  close(): void;
}

/** Whom a carrier tells: the link. */
export interface CarrierUser {
  control(frame: Uint8Array): void;
  /** A data PDU. Its bytes are not kept. */
  data(pdu: Uint8Array): void;
  /** A broadcast PDU. Its bytes are not kept. */
  broadcast(pdu: Uint8Array): void;
  /** There may be room for control frames and latest values again. */
  room(): void;
  /** The carrier is up again after it was down: what was under way may be lost. */
  restored(): void;
  /** What the peer sent cannot be taken apart: the link refuses it, in a last control frame. */
  fault(breach: LinkBreach): void;
  /** What keeps the carrier from working that somebody should know of; it goes on trying. */
  problem(error: IntercellError): void;
}
