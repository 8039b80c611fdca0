import { ErrorCode, IntercellError } from "../../errors.js";
import type { CanBus, FrameOrigin, ReceivedFrame, Timestamp } from "../bus.js";
import { BusHandle } from "../bus-handle.js";
import { createMatcher } from "../filter.js";
import type { CanFrame, ErrorFrame } from "../frame.js";
import type { VirtualFaults } from "./faults.js";
import type { VirtualBusStatistics } from "./medium.js";
import { isAble, type NodeReport } from "./node.js";
import type { BusTerms, HandleTerms } from "./options.js";
import type { BusCommand, PortSink, VirtualPort } from "./port.js";

/**
 * A handle on a bus without a kernel: a {@link CanBus}, and what only such a bus can be told. The commands resolve once they are
 * carried out; they throw TypeError or RangeError if a value is out of range, IntercellError `ERR_CLOSED`, and `ENODEV` if the
 * bus is gone.
 */
export interface VirtualCan extends CanBus {
  /** State and error counters of the controller of this handle's node, as last heard. */
  readonly node: NodeReport;
  /** What the bus does wrong from here on, for all its handles; nothing without an argument. */
  setFaults(faults?: VirtualFaults): Promise<void>;
  /** Gives an error frame to every handle of the bus whose error mask wants it, this one among them. */
  injectError(frame: ErrorFrame): Promise<void>;
  /**
   * Takes this handle's node off the bus, as too many errors would. As with a real controller, frames that wait in the node are
   * lost, and until the {@link restart} there is no room for others.
   */
  goBusOff(): Promise<void>;
  /** Brings the node back from bus-off with counters of 0; does nothing if it is not. */
  restart(): Promise<void>;
  /** Takes the node up or down, as `ip link set` does with an interface. Frames that wait in one taken down are lost. */
  setUp(up: boolean): Promise<void>;
  /** Holds the wire up, as a short circuit does: frames wait until it is let go. */
  setHeld(held: boolean): Promise<void>;
  /** What happened on the bus, and how busy it is. */
  busStatistics(): Promise<VirtualBusStatistics>;
}

/** What a handle is made for. */
export interface VirtualCanSetup {
  readonly name: string;
  readonly bus: BusTerms;
  readonly handle: HandleTerms;
  /** Makes the way to the bus, and tells the sink of the state of the node and of nothing else before it returns. */
  readonly connect: (sink: PortSink) => VirtualPort;
}

/** {@link VirtualCan} over a port. */
export class VirtualCanHandle extends BusHandle implements VirtualCan {
  readonly #port: VirtualPort;
  readonly #comesBack: (frame: CanFrame) => boolean;
  /** Frames that the bus took and has not given back, in their order. */
  #inFlight: CanFrame[] = [];
  #batch: ReceivedFrame[] = [];
  #node: NodeReport = { up: true, state: "error-active", txErrors: 0, rxErrors: 0 };
  #dropped = 0;

  constructor({ name, bus, handle, connect }: VirtualCanSetup) {
    super({
      carriage: { name, fd: bus.fd && handle.fd, xl: bus.xl && handle.fd },
      options: handle.options,
      loopback: true,
      status: "up",
      downAdvice: "Take it up with setUp(true)",
      transport: {
        transmit: (frames) => this.#transmit(frames),
        close: () => this.#port.close(),
      },
    });
    const { ownFrames, filterSet } = handle.options;
    const passes = createMatcher(filterSet);
    this.#comesBack = (frame) => ownFrames && passes(frame);
    this.#port = connect(this.#sink());
  }

  get node(): NodeReport {
    return this.#node;
  }

  async setFaults(faults?: VirtualFaults): Promise<void> {
    await this.#command({ do: "faults", faults: faults ?? null });
  }

  async injectError({ classes, data }: ErrorFrame): Promise<void> {
    await this.#command({ do: "error", classes, data: [...data] });
  }

  async goBusOff(): Promise<void> {
    await this.#command({ do: "bus-off" });
  }

  async restart(): Promise<void> {
    await this.#command({ do: "restart" });
  }

  async setUp(up: boolean): Promise<void> {
    await this.#command({ do: "up", up });
  }

  async setHeld(held: boolean): Promise<void> {
    await this.#command({ do: "held", held });
  }

  async busStatistics(): Promise<VirtualBusStatistics> {
    return await this.#command({ do: "statistics" });
  }

  async #command(command: BusCommand): Promise<VirtualBusStatistics> {
    if (this.status === "closed") throw new IntercellError(ErrorCode.CLOSED, `CAN bus ${this.name} is closed`);
    return await this.#port.command(command);
  }

  #transmit(frames: readonly CanFrame[]): number {
    let count = 0;
    for (const frame of frames) {
      if (!isAble(this.#node) || this.#port.room <= 0) break;
      this.#inFlight.push(frame);
      this.#port.send(frame);
      count += 1;
    }
    return count;
  }

  /** What the port tells comes in through this, so that it is no part of what users see. */
  #sink(): PortSink {
    return {
      received: (frame, timestamp, origin) => this.#receive(frame, timestamp, origin),
      sent: (timestamp) => this.#sent(timestamp),
      nodeChanged: (report) => this.#nodeChanged(report),
      flush: () => this.#flush(),
      dropped: (total) => this.#noteTotalDropped(total),
      removed: () => {
        this.#hand();
        this.#inFlight = [];
        this.setStatus("removed");
      },
      back: () => this.setStatus(this.#node.up ? "up" : "down"),
      failed: (error) => this.fail(asFault(this.name, error)),
    };
  }

  #receive(frame: CanFrame, timestamp: Timestamp, origin: FrameOrigin): void {
    this.#batch.push({ frame, timestamp, origin, interfaceName: this.name });
  }

  #sent(timestamp: Timestamp): void {
    const frame = this.#inFlight.shift();
    if (frame !== undefined && this.#comesBack(frame)) this.#receive(frame, timestamp, "own");
  }

  #nodeChanged(report: NodeReport): void {
    this.#node = report;
    if (!isAble(report)) this.#inFlight = [];
    // Coming back is told by itself, once the port is whole.
    const status = report.up ? "up" : "down";
    if (this.status === "removed" || this.status === status) return;
    this.#hand();
    this.setStatus(status);
  }

  #noteTotalDropped(total: number): void {
    this.#hand();
    this.noteDropped(total - this.#dropped);
    this.#dropped = total;
  }

  #flush(): void {
    this.#hand();
    if (this.status === "up" && isAble(this.#node) && this.#port.room > 0) this.resume();
  }

  #hand(): void {
    const batch = this.#batch;
    this.#batch = [];
    for (const received of batch) if (this.status !== "closed") this.deliver(received);
  }
}

function asFault(name: string, cause: unknown): IntercellError {
  return cause instanceof IntercellError
    ? cause
    : new IntercellError(ErrorCode.CLOSED, `The virtual CAN bus ${name} failed`, { cause });
}
