import { constants } from "node:os";
import { ErrorCode, IntercellError, isIntercellError, systemError } from "../../errors.js";
import { findInterface } from "../can-descriptor.js";
import { formatId } from "../id.js";
import type { IsoTpEndpoint, IsoTpStatistics } from "./endpoint.js";
import { FlowWitness } from "./flow-witness.js";
import { FunctionalFrames } from "./functional.js";
import { checkKernelOptions, type KernelIsoTpOptions, type KernelIsoTpTerms } from "./kernel-options.js";
import { KernelSocket, type KernelSocketHooks } from "./kernel-socket.js";
import { requireFd } from "./options.js";
import { maxSingleBytes } from "./pci.js";
import { PduEndpoint } from "./pdu-endpoint.js";
import { IsoTpReason } from "./reason.js";
import type { Sending } from "./send-queue.js";

const { EAGAIN, EBADMSG, ECOMM, EILSEQ, EMSGSIZE, ENETDOWN, ENOBUFS, ETIMEDOUT } = errnos();

/** Pause before a device whose queue was full is tried again, in milliseconds. */
const RETRY_MS = 4;

/** Faults of an earlier transfer that may be told to a write in its place. */
const staleFaults: readonly number[] = [EBADMSG, ECOMM, EILSEQ, EMSGSIZE, ETIMEDOUT];

/** How long an error of the reception may be one that has hidden the end of the transfer the other way, in milliseconds. */
const DOUBT_MS = 2;

/**
 * Opens an ISO-TP connection (ISO 15765-2) on a CAN interface, segmented by the kernel (CAN_ISOTP, Linux 5.10 or later): frames
 * and gaps go on while JavaScript is busy. What the kernel does not do or tell is listed in docs/iso-tp.md.
 *
 * @param interfaceName such as `can0`.
 * @throws TypeError or RangeError if an option is wrong; IntercellError `EAFNOSUPPORT` or `EPROTONOSUPPORT` if the kernel has no
 * CAN_ISOTP, `ENODEV` if there is no such interface, `ERR_CONFIG` if it is of another kind, `ERR_UNSUPPORTED` if interface or
 * kernel lack what the options ask for, such as PDUs of `maxPduBytes`.
 */
export function openKernelIsoTp(interfaceName: string, options: KernelIsoTpOptions): IsoTpEndpoint {
  const terms = checkKernelOptions("openKernelIsoTp", options);
  const found = findInterface(interfaceName);
  requireFd(terms, found.fd, interfaceName);
  const hooks: { to?: KernelIsoTp } = {};
  const open = (socketOptions: KernelIsoTpTerms["socketOptions"], sends: boolean): KernelSocket => {
    const { address, receiveBufferBytes } = terms;
    const parts = { found, address, options: socketOptions, receiveBufferBytes };
    return new KernelSocket(parts, {
      pdu: (bytes) => hooks.to?.take(bytes),
      fault: (errno) => hooks.to?.fault(errno),
      idle: () => (sends ? hooks.to?.idle() : undefined),
    } satisfies KernelSocketHooks);
  };
  const opened: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(part: T): T => {
    opened.push(part);
    return part;
  };
  try {
    const receiver = keep(open(terms.socketOptions, terms.flowControl));
    requireSize(terms, receiver.maxPduBytes, interfaceName);
    const sender = terms.flowControl ? receiver : keep(open(terms.broadcastOptions, true));
    const { address, fd, flowControl } = terms;
    const { functionalTxId, functionalRxId } = address;
    const parts: KernelParts = {
      ...{ interfaceName, receiver, sender },
      ...(flowControl ? { witness: keep(new FlowWitness(found, address.rxId, address.rxByte, fd)) } : {}),
      ...(functionalTxId === undefined && functionalRxId === undefined
        ? {}
        : { functional: keep(new FunctionalFrames(interfaceName, terms, (pdu) => hooks.to?.takeFunctional(pdu))) }),
    };
    hooks.to = new KernelIsoTp(terms, parts);
    return hooks.to;
  } catch (error) {
    for (const part of opened) part.close();
    throw error;
  }
}

interface KernelParts {
  readonly interfaceName: string;
  readonly receiver: KernelSocket;
  /** The same, unless nobody answers with FlowControls. */
  readonly sender: KernelSocket;
  readonly witness?: FlowWitness;
  readonly functional?: FunctionalFrames;
}

class KernelIsoTp extends PduEndpoint {
  readonly #parts: KernelParts;
  readonly #terms: KernelIsoTpTerms;
  /** What the kernel is sending, or the functional frame that is on its way; undefined if that was given up. */
  #underWay: Sending | undefined;
  #functionalOnWay: AbortController | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** An error that may have been that of the transfer under way, or have taken the place of its error. */
  #doubt: { readonly errno: number; readonly timer: NodeJS.Timeout } | undefined;
  #dropped = 0;

  constructor(terms: KernelIsoTpTerms, parts: KernelParts) {
    const { address } = terms;
    const name = `${formatId(address.txId)}/${formatId(address.rxId)} on ${parts.interfaceName}`;
    super({ ...terms, name, maxPduBytes: terms.maxPduBytes ?? parts.receiver.maxPduBytes });
    this.#terms = terms;
    this.#parts = parts;
  }

  override get statistics(): IsoTpStatistics {
    if (!this.closed) this.#noteDrops();
    return super.statistics;
  }

  take(bytes: Uint8Array): void {
    if (bytes.length > this.maxPduBytes) {
      this.abortReception(IsoTpReason.BUFFER_OVFLW, `a PDU of ${bytes.length} bytes, which the kernel took`);
    } else this.deliver(bytes.slice());
    if (this.closed) return;
    this.#parts.receiver.reading = this.pdus.hasRoom;
    this.#noteDrops();
  }

  takeFunctional(pdu: Uint8Array): void {
    if (this.pdus.hasRoom) this.deliver(pdu);
    else this.drop();
  }

  /** What the socket reported, be it of the one direction or the other. */
  fault(errno: number): void {
    const sending = this.#underWay !== undefined && this.#functionalOnWay === undefined;
    if (errno === ECOMM || errno === EMSGSIZE) {
      if (sending) this.#failUnderWay(this.#sendReason(errno));
    } else if (errno === ETIMEDOUT || errno === EILSEQ) {
      const reason = errno === ETIMEDOUT ? IsoTpReason.TIMEOUT_CR : IsoTpReason.WRONG_SN;
      this.abortReception(reason, "a PDU", this.#causeOf(errno));
      if (sending) this.#raiseDoubt(errno);
    } else if (errno === EBADMSG) {
      if (sending) this.#raiseDoubt(errno);
      else this.abortReception(IsoTpReason.ERROR, "a PDU", this.#causeOf(errno));
    } else if (errno === ENETDOWN) {
      if (sending) this.#failUnderWay(IsoTpReason.ERROR, this.#causeOf(errno));
    } else this.leave(this.#causeOf(errno));
  }

  /** The kernel sends nothing any more. */
  idle(): void {
    if (this.#doubt !== undefined) this.#settleDoubt(true);
    else if (this.#underWay !== undefined) {
      if (this.#parts.witness?.sawInvalid() === true) this.#failUnderWay(IsoTpReason.INVALID_FS);
      else {
        this.#underWay = undefined;
        this.succeed();
      }
    }
    this.pump();
  }

  protected override pump(): void {
    if (this.closed || this.sends.current !== undefined || this.#parts.sender.busy) return;
    const sending = this.sends.take();
    if (sending === undefined) return;
    this.#underWay = sending;
    if (sending.functional) this.#sendFunctional(sending);
    else this.#begin(sending);
  }

  protected override giveUp(): void {
    this.#underWay = undefined;
    this.#endDoubt();
    clearTimeout(this.#retry);
    this.#functionalOnWay?.abort();
    this.#functionalOnWay = undefined;
    // Not within this call: what waits no longer may have been the last of a caller that is about to close.
    queueMicrotask(() => this.pump());
  }

  protected override makeRoom(): void {
    if (this.closed) return;
    this.#parts.receiver.reading = true;
    this.#noteDrops();
  }

  protected override detach(): void {
    this.#underWay = undefined;
    this.#endDoubt();
    clearTimeout(this.#retry);
    this.#functionalOnWay?.abort();
    const { receiver, sender, witness, functional } = this.#parts;
    for (const part of new Set([receiver, sender, witness, functional])) part?.close();
  }

  #begin(sending: Sending): void {
    this.#parts.witness?.sawInvalid();
    let errno = this.#parts.sender.write(sending.pdu);
    // Each of them is told once; more of them would be those of new faults.
    for (let attempt = 0; attempt < 2 && staleFaults.includes(errno); attempt++) {
      this.#tellStale(errno);
      errno = this.#parts.sender.write(sending.pdu);
    }
    if (errno === 0) return;
    // The device has no room, and nothing tells when it has.
    if (errno === ENOBUFS || errno === EAGAIN) {
      this.#retry = setTimeout(() => {
        if (this.#underWay === sending) this.#begin(sending);
      }, RETRY_MS);
    } else {
      this.#failUnderWay(IsoTpReason.ERROR, this.#causeOf(errno, "sendto"));
      this.pump();
    }
  }

  /** A fault that a write was told instead of its own; no send was under way. */
  #tellStale(errno: number): void {
    const sending = this.#underWay;
    this.#underWay = undefined;
    this.fault(errno);
    this.#underWay = sending;
  }

  #sendFunctional(sending: Sending): void {
    const controller = new AbortController();
    this.#functionalOnWay = controller;
    const end = (finish: () => void): void => {
      if (this.#functionalOnWay !== controller) return;
      this.#functionalOnWay = undefined;
      finish();
      this.pump();
    };
    const fail = (error: unknown): void => {
      const late = isIntercellError(error, ErrorCode.TIMEOUT) || isIntercellError(error, ErrorCode.UNCONFIRMED);
      this.#failUnderWay(late ? IsoTpReason.TIMEOUT_A : IsoTpReason.ERROR, error);
    };
    this.#parts.functional?.send(sending.pdu, controller.signal).then(
      () =>
        end(() => {
          this.#underWay = undefined;
          this.succeed();
        }),
      (error: unknown) => end(() => fail(error)),
    );
  }

  #failUnderWay(reason: IsoTpReason, cause?: unknown): void {
    this.#underWay = undefined;
    this.#endDoubt();
    this.failSend(reason, cause);
  }

  /** The kernel says ECOMM for each of its timers: nobody answers a single frame, and a longer PDU mostly waits for that. */
  #sendReason(errno: number): IsoTpReason {
    if (errno === EMSGSIZE) return IsoTpReason.BUFFER_OVFLW;
    const length = this.sends.current?.pdu.length ?? 0;
    const unanswered =
      !this.#terms.flowControl || length <= maxSingleBytes(this.#terms.txDl, this.#terms.address.txByte);
    return unanswered ? IsoTpReason.TIMEOUT_A : IsoTpReason.TIMEOUT_BS;
  }

  /**
   * A socket keeps one error for both directions, the last one. If the transfer ends as good as at once, it is not known to have
   * ended well.
   */
  #raiseDoubt(errno: number): void {
    this.#endDoubt();
    this.#doubt = { errno, timer: setTimeout(() => this.#settleDoubt(this.#parts.sender.askIdle()), DOUBT_MS) };
  }

  #settleDoubt(ended: boolean): void {
    const errno = this.#doubt?.errno ?? EBADMSG;
    this.#endDoubt();
    if (ended) {
      const invalid = this.#parts.witness?.sawInvalid() === true;
      this.#failUnderWay(invalid ? IsoTpReason.INVALID_FS : IsoTpReason.ERROR, this.#causeOf(errno));
    } else if (errno === EBADMSG) this.abortReception(IsoTpReason.ERROR, "a PDU", this.#causeOf(errno));
  }

  #endDoubt(): void {
    clearTimeout(this.#doubt?.timer);
    this.#doubt = undefined;
  }

  #noteDrops(): void {
    const count = (this.#parts.receiver.drops - this.#dropped) | 0;
    if (count <= 0) return;
    this.#dropped = (this.#dropped + count) >>> 0;
    this.drop(count);
  }

  #causeOf(errno: number, syscall = "recvmsg"): IntercellError {
    const path = this.#parts.interfaceName;
    return systemError({ errno, syscall, path, wanted: "use the kernel's ISO-TP" });
  }
}

/** @throws IntercellError `ERR_UNSUPPORTED` unless the kernel takes PDUs as long as they are wanted. */
function requireSize({ maxPduBytes }: KernelIsoTpTerms, most: number, name: string): void {
  if (maxPduBytes === undefined || maxPduBytes <= most) return;
  const message =
    `Cannot send PDUs of ${maxPduBytes} bytes by the kernel's ISO-TP on ${name}, which takes ${most}. Load its module for ` +
    `more (Linux 6.4 or later): modprobe can-isotp max_pdu_size=${maxPduBytes}; or use openIsoTp(), which has no such limit.`;
  throw new IntercellError(ErrorCode.UNSUPPORTED, message, { path: name });
}

/** Numbers of Linux; `os.constants` has no ECOMM (asm-generic/errno.h). */
function errnos() {
  return { ...constants.errno, ECOMM: 70 };
}
