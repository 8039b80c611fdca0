import { endianness } from "node:os";
import { ErrorCode, IntercellError, systemError } from "../../errors.js";
import {
  bindIsoTpSocket,
  CanProtocol,
  type CanReceiver,
  CanSlot,
  closeCanReceiver,
  closeDescriptor,
  createCanReceiver,
  type Descriptor,
  isIsoTpIdle,
  sendIsoTpPdu,
  setSocketOption,
  takeSocketError,
  takesIsoTpPdu,
  unrefCanReceiver,
  watchCanReceiver,
} from "../../native.js";
import { type CanInterface, openDescriptor } from "../can-descriptor.js";
import { readDrops, setReceiveBuffer } from "../socket-options.js";
import type { IsoTpAddress } from "./address.js";
import { MAX_KERNEL_PDU_BYTES, type SocketOption } from "./kernel-options.js";

/** linux/can/isotp.h */
const SOL_CAN_ISOTP = 106;

/** What each kernel takes since it has CAN_ISOTP (Linux 5.10: 8200). */
const LEAST_PDU_BYTES = 4095;

/** How often a kernel whose poll() does not tell the end of a transfer is asked for it, in milliseconds. */
const ASK_EVERY_MS = 2;

const little = endianness() === "LE";

export interface KernelSocketHooks {
  /** A PDU came; the bytes are valid until this returns. */
  pdu(bytes: Uint8Array): void;
  /** The socket reported an errno. It may work on. */
  fault(errno: number): void;
  /** No PDU is being sent any more. */
  idle(): void;
}

export interface KernelSocketParts {
  readonly found: CanInterface;
  readonly address: IsoTpAddress;
  readonly options: readonly SocketOption[];
  readonly receiveBufferBytes: number;
}

/** Sockets of this thread that are open, by interface and ids, and those among them that were closed while they sent. */
const siblings = new Map<string, Set<KernelSocket>>();

/**
 * A CAN_ISOTP socket, which sends one PDU at a time and tells when that is over. Nothing of it blocks: a write is refused while
 * a PDU is being sent, and a socket that is closed meanwhile stays with the kernel until it has sent it. Until then another one
 * of the same ids is busy, too: the answer to its PDU would be taken for one to the other.
 */
export class KernelSocket {
  /** Longest PDU that the kernel takes. */
  readonly maxPduBytes: number;
  readonly #fd: Descriptor;
  readonly #receiver: CanReceiver;
  readonly #buffer: Uint8Array;
  readonly #view: DataView;
  readonly #hooks: KernelSocketHooks;
  readonly #key: string;
  readonly #siblings: Set<KernelSocket>;
  #reading = true;
  #busy = false;
  /** Whether poll() tells the end of a transfer (Linux 6.3, and stable 6.1 since then). */
  #tells = true;
  #ask: NodeJS.Timeout | undefined;
  #closed = false;

  /** @throws IntercellError `ERR_UNSUPPORTED` or an errno if the kernel refuses. */
  constructor(parts: KernelSocketParts, hooks: KernelSocketHooks) {
    this.#hooks = hooks;
    this.#key = `${parts.found.index}/${parts.address.txId}/${parts.address.rxId}`;
    this.#siblings = siblings.get(this.#key) ?? new Set();
    this.#fd = openDescriptor(CanProtocol.ISOTP);
    try {
      bindSocket(this.#fd, parts);
      this.maxPduBytes = findLongest(this.#fd);
      const slotBytes = CanSlot.BYTES + Math.ceil(this.maxPduBytes / 8) * 8;
      this.#buffer = new Uint8Array(slotBytes);
      this.#view = new DataView(this.#buffer.buffer);
      this.#receiver = createCanReceiver(this.#fd, this.#buffer, slotBytes, (count, writable) =>
        this.#take(count, writable),
      );
    } catch (error) {
      closeDescriptor(this.#fd);
      throw error;
    }
    siblings.set(this.#key, this.#siblings.add(this));
  }

  get busy(): boolean {
    if (this.#busy) return true;
    for (const sibling of this.#siblings) if (sibling.#closed) return true;
    return false;
  }

  /** PDUs that the kernel dropped as its buffer was full, modulo 2^32. */
  get drops(): number {
    return this.#closed ? 0 : (readDrops(this.#fd) ?? 0);
  }

  /** Whether PDUs are taken from the kernel, which otherwise keeps them. */
  set reading(reading: boolean) {
    if (this.#reading === reading || this.#closed) return;
    this.#reading = reading;
    this.#watch();
  }

  /** Begins to send a PDU; `idle` follows. Gives 0, or the errno of a refusal, which may be an earlier fault of the socket. */
  write(pdu: Uint8Array): number {
    const result = sendIsoTpPdu(this.#fd, pdu);
    if (result < 0) return -result;
    this.#busy = true;
    this.#watch();
    return 0;
  }

  /** Asks whether the kernel has ended the transfer, be it told already or not. */
  askIdle(): boolean {
    return isIsoTpIdle(this.#fd);
  }

  /** Calls no hook any more. A PDU that is being sent the kernel still sends; the socket goes after it. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#busy || this.askIdle()) {
      this.#release();
      return;
    }
    // Closing would block until the kernel is done (isotp_release(), net/can/isotp.c).
    unrefCanReceiver(this.#receiver);
    this.#watch();
  }

  #release(): void {
    this.#busy = false;
    clearTimeout(this.#ask);
    closeCanReceiver(this.#receiver);
    closeDescriptor(this.#fd);
    this.#siblings.delete(this);
    if (this.#siblings.size === 0) siblings.delete(this.#key);
    for (const sibling of [...this.#siblings]) if (!sibling.#closed && !sibling.busy) sibling.#hooks.idle();
  }

  #watch(): void {
    watchCanReceiver(this.#receiver, this.#reading && !this.#closed, this.#busy && this.#tells);
    if (!this.#busy || this.#tells) return;
    clearTimeout(this.#ask);
    this.#ask = setTimeout(() => this.#onWritable(), ASK_EVERY_MS);
    if (this.#closed) this.#ask.unref();
  }

  #take(count: number, writable: boolean): void {
    if (count < 0 && !this.#closed) this.#hooks.fault(-count);
    if (count > 0 && !this.#closed) {
      const end = CanSlot.BYTES + this.#view.getUint32(CanSlot.LENGTH, little);
      this.#hooks.pdu(this.#buffer.subarray(CanSlot.BYTES, end));
    }
    if (writable && this.#busy) this.#onWritable();
  }

  #onWritable(): void {
    if (!this.askIdle()) {
      this.#tells = false;
      this.#watch();
      return;
    }
    this.#busy = false;
    if (this.#closed) {
      this.#release();
      return;
    }
    this.#watch();
    this.#hooks.idle();
  }
}

function bindSocket(fd: Descriptor, { found, address, options, receiveBufferBytes }: KernelSocketParts): void {
  for (const { number, bytes, name } of options) {
    const errno = setSocketOption(fd, SOL_CAN_ISOTP, number, bytes);
    if (errno === 0) continue;
    const cause = systemError({ errno, syscall: "setsockopt", path: found.name, wanted: `set ${name}` });
    const message = `This kernel's CAN_ISOTP does not take what was asked for: ${cause.message}`;
    throw new IntercellError(ErrorCode.UNSUPPORTED, message, { cause });
  }
  setReceiveBuffer(fd, receiveBufferBytes);
  const errno = bindIsoTpSocket(fd, found.index, address.rxId, address.txId);
  if (errno !== 0) {
    throw systemError({ errno, syscall: "bind", path: found.name, wanted: "open the ISO-TP connection" });
  }
  // An interface that is down is an error of the socket, and no reason not to open it.
  takeSocketError(fd);
}

function findLongest(fd: Descriptor): number {
  let [least, most] = [LEAST_PDU_BYTES, MAX_KERNEL_PDU_BYTES];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (takesIsoTpPdu(fd, middle)) least = middle;
    else most = middle - 1;
  }
  return least;
}
