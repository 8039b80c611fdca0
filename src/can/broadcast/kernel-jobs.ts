import { createEmitter } from "../../channel/emitter.js";
import { ErrorCode, IntercellError, isIntercellError } from "../../errors.js";
import type { CanFrame, DataFrame, FdFrame } from "../frame.js";
import type { CanId } from "../id.js";
import type {
  ContentWatch,
  ContentWatchEvents,
  CyclicTransmission,
  CyclicTransmissionEvents,
  UpdateOptions,
} from "./broadcast.js";
import { BroadcastFlag, type BroadcastMessage, BroadcastOpcode } from "./message.js";
import { type CheckedCycle, type CheckedWatch, checkCycleFrames, checkUpdate, requireSuccessors } from "./options.js";

interface JobHooks {
  /** Gives a message to the kernel. @throws IntercellError with the errno of its refusal. */
  send(message: BroadcastMessage): void;
  ended(): void;
}

const nothing = { flags: 0, count: 0, firstIntervalUs: 0, secondIntervalUs: 0, canId: 0, frames: [] };

/** What the kernel keeps under a key until it is deleted, or its socket is closed. */
abstract class KernelJob implements Disposable {
  readonly #key: number;
  readonly #deletion: number;
  readonly #hooks: JobHooks;
  #closed = false;

  /** @param deletion opcode that deletes it. */
  constructor(key: number, deletion: number, hooks: JobHooks) {
    this.#key = key;
    this.#deletion = deletion;
    this.#hooks = hooks;
  }

  protected abstract get carriesFd(): boolean;

  protected get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    try {
      this.send({ opcode: this.#deletion });
    } catch (error) {
      // The interface was removed, and the manager closes as soon as it is told.
      if (!isIntercellError(error) || error.code !== "ENOTCONN") throw error;
    } finally {
      this.end();
    }
  }

  /** The job is gone with the socket. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hooks.ended();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  protected send(message: Pick<BroadcastMessage, "opcode"> & Partial<BroadcastMessage>): void {
    const kind = this.carriesFd ? BroadcastFlag.CAN_FD_FRAME : 0;
    this.#hooks.send({ ...nothing, ...message, flags: (message.flags ?? 0) | kind, canId: this.#key });
  }
}

/** A cycle that the kernel keeps. */
export class KernelCycle extends KernelJob implements CyclicTransmission {
  readonly events = createEmitter<CyclicTransmissionEvents>("a cyclic transmission", ["done"]);
  readonly #name: string;
  readonly #fd: boolean;
  #frames: readonly CanFrame[];

  constructor(name: string, key: number, frames: readonly CanFrame[], hooks: JobHooks & { readonly fd: boolean }) {
    super(key, BroadcastOpcode.TX_DELETE, hooks);
    this.#name = name;
    this.#fd = hooks.fd;
    this.#frames = frames;
  }

  start({ periodUs, count, thenPeriodUs }: CheckedCycle): void {
    const { SETTIMER, STARTTIMER, TX_COUNTEVT } = BroadcastFlag;
    this.send({
      opcode: BroadcastOpcode.TX_SETUP,
      flags: SETTIMER | STARTTIMER | (count > 0 ? TX_COUNTEVT : 0),
      count,
      firstIntervalUs: count > 0 ? periodUs : 0,
      secondIntervalUs: count > 0 ? thenPeriodUs : periodUs,
      frames: this.#frames,
    });
    // The kernel sends the only frame at once, and says nothing of it (bcm_tx_setup(), net/can/bcm.c).
    if (count === 1) setImmediate(() => this.done());
  }

  update(frames: CanFrame | readonly CanFrame[], options: UpdateOptions = {}): void {
    if (this.closed) throw new IntercellError(ErrorCode.CLOSED, `A cyclic transmission on ${this.#name} is closed`);
    const { now, restart } = checkUpdate(options);
    const list = checkCycleFrames(this.#name, this.#fd, frames);
    requireSuccessors(list, this.#frames);
    const { STARTTIMER, TX_ANNOUNCE } = BroadcastFlag;
    // STARTTIMER waits for the timer's frame before it sends one, which TX_ANNOUNCE alone does not (bcm_tx_setup(), net/can/bcm.c).
    this.send({
      opcode: BroadcastOpcode.TX_SETUP,
      flags: restart ? STARTTIMER : now ? TX_ANNOUNCE : 0,
      frames: list,
    });
    this.#frames = list;
  }

  /** The kernel sent as many frames as it was told to. */
  done(): void {
    if (!this.closed) this.events.emit("done");
  }

  protected override get carriesFd(): boolean {
    return this.#frames[0]?.kind === "fd";
  }
}

/** A watch that the kernel keeps. */
export class KernelWatch extends KernelJob implements ContentWatch {
  readonly id: CanId;
  readonly events = createEmitter<ContentWatchEvents>("a content watch", ["changed", "timeout"]);
  readonly #watch: CheckedWatch;

  constructor(id: CanId, watch: CheckedWatch, hooks: JobHooks) {
    super(id, BroadcastOpcode.RX_DELETE, hooks);
    this.id = id;
    this.#watch = watch;
  }

  start(): void {
    const { mask, pages, length, timeoutUs, throttleUs, announceResume } = this.#watch;
    const { SETTIMER, STARTTIMER, RX_FILTER_ID, RX_CHECK_DLC, RX_ANNOUNCE_RESUME } = BroadcastFlag;
    const all = mask === undefined && pages.length === 0;
    this.send({
      opcode: BroadcastOpcode.RX_SETUP,
      flags:
        SETTIMER |
        (timeoutUs > 0 ? STARTTIMER : 0) |
        (all ? RX_FILTER_ID : 0) |
        (length ? RX_CHECK_DLC : 0) |
        (announceResume ? RX_ANNOUNCE_RESUME : 0),
      firstIntervalUs: timeoutUs,
      secondIntervalUs: throttleUs,
      frames: all ? [] : this.#masks(),
    });
  }

  /** One mask; or the mask of the multiplexer, and then value and mask of each page in one. */
  #masks(): CanFrame[] {
    const { mask, multiplexMask, pages } = this.#watch;
    if (multiplexMask === undefined) return [this.#content(mask ?? new Uint8Array(0))];
    const contents = pages.map((page) => {
      const bytes = new Uint8Array(Math.max(multiplexMask.length, page.value.length, page.mask.length));
      bytes.forEach((_, index) => {
        const selector = multiplexMask[index] ?? 0;
        bytes[index] = ((page.value[index] ?? 0) & selector) | ((page.mask[index] ?? 0) & ~selector);
      });
      return this.#content(bytes);
    });
    return [this.#content(multiplexMask), ...contents];
  }

  #content(data: Uint8Array): DataFrame | FdFrame {
    const { id } = this;
    if (this.#watch.fd) return { kind: "fd", id, bitRateSwitch: false, errorStateIndicator: false, data };
    return { kind: "data", id, dlc: data.length, data };
  }

  protected override get carriesFd(): boolean {
    return this.#watch.fd;
  }
}
