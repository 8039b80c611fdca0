import { constants } from "node:os";
import { ErrorCode, IntercellError, systemError } from "../errors.js";
import { closeDescriptor, type Descriptor, openNetlink, receiveNetlink, sendNetlink } from "../native.js";
import { netlinkFault, type RequestPurpose } from "./fault.js";
import { decodeMessages, encodeMessage, type NetlinkMessage } from "./message.js";
import { MessageType, NetlinkFlag } from "./numbers.js";

/** Room for one datagram: a dump's parts have 32 KiB at most (Linux, net/netlink/af_netlink.c, netlink_dump). */
const BUFFER_BYTES = 0x1_0000;
/** How often a list is read anew that changed while it was read. */
const DUMP_ATTEMPTS = 20;

/** A request and what it is for. */
export interface NetlinkRequest extends RequestPurpose {
  /** One of `MessageType`, or of the family's own. */
  readonly type: number;
  /** Bits of `NetlinkFlag` besides those that the connection sets. @defaultValue 0 */
  readonly flags?: number;
  readonly payload: Uint8Array;
}

/**
 * A conversation with the kernel over netlink. The kernel acts and answers while the request is being sent, so that no
 * call waits; what takes the kernel long (taking an interface down may cost it some 10 ms) blocks the thread as long.
 */
export class NetlinkConnection implements Disposable {
  readonly #fd: Descriptor;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #sequence = 0;
  #closed = false;

  private constructor(fd: Descriptor) {
    this.#fd = fd;
  }

  /** @param protocol - One of `NetlinkProtocol`. */
  static open(protocol: number): NetlinkConnection {
    return new NetlinkConnection(openNetlink(protocol));
  }

  /**
   * Sends one request and gives the messages that came before its acknowledgement.
   *
   * @throws IntercellError with the errno's name if the kernel refused it; the message has the kernel's reason.
   */
  request(request: NetlinkRequest): readonly NetlinkMessage[] {
    return this.#converse(request, NetlinkFlag.REQUEST | NetlinkFlag.ACK).messages;
  }

  /**
   * Asks for a list, anew if it changed while the kernel gave it.
   *
   * @throws IntercellError as {@link request}; `EINTR` if it kept changing.
   */
  dump(request: NetlinkRequest): readonly NetlinkMessage[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const { messages, interrupted } = this.#converse(request, NetlinkFlag.REQUEST | NetlinkFlag.DUMP);
      if (!interrupted) return messages;
    }
    const { wanted, call, path } = request;
    const advice = `It changed during each of ${DUMP_ATTEMPTS} readings; try again when less changes.`;
    throw systemError({ errno: constants.errno.EINTR, syscall: call, wanted, path, advice });
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeDescriptor(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #converse(request: NetlinkRequest, flags: number): { messages: NetlinkMessage[]; interrupted: boolean } {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `Cannot ${request.wanted}: the connection is closed`);
    this.#sequence = (this.#sequence + 1) >>> 0 || 1;
    const { type, payload } = request;
    sendNetlink(
      this.#fd,
      encodeMessage({ type, flags: flags | (request.flags ?? 0), sequence: this.#sequence, payload }),
    );
    const messages: NetlinkMessage[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(request)) {
        if (message.sequence !== this.#sequence) continue;
        interrupted ||= (message.flags & NetlinkFlag.DUMP_INTERRUPTED) !== 0;
        if (message.type === MessageType.ERROR || message.type === MessageType.DONE) {
          const fault = netlinkFault(message, request);
          if (fault !== undefined) throw fault;
          return { messages, interrupted };
        }
        // The buffer is used again.
        messages.push({ ...message, payload: message.payload.slice() });
      }
    }
  }

  #receive({ wanted }: RequestPurpose): readonly NetlinkMessage[] {
    const length = receiveNetlink(this.#fd, this.#buffer);
    if (length === undefined || length > BUFFER_BYTES) {
      const found = length === undefined ? "no answer" : `an answer of ${length} bytes, above ${BUFFER_BYTES}`;
      throw new IntercellError(ErrorCode.PROTOCOL, `Cannot ${wanted}: the kernel gave ${found}`);
    }
    return decodeMessages(this.#buffer.subarray(0, length));
  }
}
