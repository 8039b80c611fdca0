import { type CanClock, systemClock } from "../clock.js";
import type { CanFrame, ErrorFrame } from "../frame.js";
import { type VirtualCan, VirtualCanHandle } from "./can.js";
import type { FateOf, VirtualFaults } from "./faults.js";
import { type VirtualBusStatistics, VirtualMedium } from "./medium.js";
import {
  type BusTerms,
  checkHandleOptions,
  checkName,
  checkVirtualBusOptions,
  stationOf,
  type VirtualBusOptions,
  type VirtualHandleOptions,
} from "./options.js";
import { type BusCommand, type PortSink, runCommand, type VirtualPort } from "./port.js";
import type { StationOptions, VirtualStation } from "./station.js";

export interface LocalBusOptions extends VirtualBusOptions {
  /** Shown in messages, and as the name of the interface. @defaultValue "virtual" */
  readonly name?: string;
  /** @defaultValue none */
  readonly faults?: VirtualFaults;
  /**
   * Decides the fate of single frames, such as to drop the third; undefined leaves it to `faults`.
   * @defaultValue none
   */
  readonly fateOf?: FateOf;
  /** Which time frames take, and timestamps are of. @defaultValue the clock of the machine */
  readonly clock?: CanClock;
}

/** A CAN bus within this process: handles without sockets, for tests. Made by {@link createVirtualBus}. */
export class VirtualBus {
  readonly name: string;
  readonly #terms: BusTerms;
  readonly #medium: VirtualMedium;
  readonly #sinks = new Set<PortSink>();
  #closed = false;

  /** @internal */
  constructor(options: LocalBusOptions) {
    const { name = "virtual", faults, fateOf, clock = systemClock, ...rest } = options;
    this.name = checkName("name of a virtual CAN bus", name);
    this.#terms = checkVirtualBusOptions("a virtual CAN bus", rest, faults);
    this.#medium = new VirtualMedium(this.#terms, clock, fateOf);
  }

  get statistics(): VirtualBusStatistics {
    return this.#medium.statistics;
  }

  /**
   * Opens a handle. What is sent is heard in a later turn of the event loop, as from a real bus.
   *
   * @throws TypeError or RangeError if an option is wrong, or the bus is closed.
   */
  open(options: VirtualHandleOptions = {}): VirtualCan {
    if (this.#closed) throw new TypeError(`The virtual CAN bus ${this.name} is closed: create another one`);
    const handle = checkHandleOptions("a virtual CAN handle", options);
    const station = stationOf(handle, this.#terms);
    const connect = (sink: PortSink) => {
      this.#sinks.add(sink);
      return new LocalPort(this.#medium, station, sink, () => this.#sinks.delete(sink));
    };
    return new VirtualCanHandle({ name: this.name, bus: this.#terms, handle, connect });
  }

  /** What the bus does wrong from here on; nothing without an argument. @throws RangeError if a value is out of range. */
  setFaults(faults?: VirtualFaults): void {
    this.#medium.setFaults(faults);
  }

  /** Holds the wire up, as a short circuit does: frames wait until it is let go. */
  setHeld(held: boolean): void {
    this.#medium.setHeld(held);
  }

  /** Gives an error frame to every handle whose error mask wants it. */
  injectError(frame: ErrorFrame): void {
    this.#medium.injectError(frame);
  }

  /** Takes the bus away, as an interface that is unplugged: its handles become `removed`. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#medium.close();
    for (const sink of [...this.#sinks]) sink.removed();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Makes a CAN bus within this process. Unless told otherwise it is like vcan: frames take no time, none is lost.
 *
 * @throws TypeError or RangeError if an option is wrong.
 */
export function createVirtualBus(options: LocalBusOptions = {}): VirtualBus {
  return new VirtualBus(options);
}

/** A handle's way to a bus in the same process. */
class LocalPort implements VirtualPort {
  readonly #medium: VirtualMedium;
  readonly #station: VirtualStation;
  readonly #room: number;
  readonly #left: () => void;

  constructor(medium: VirtualMedium, options: StationOptions, sink: PortSink, left: () => void) {
    this.#medium = medium;
    this.#room = options.queueFrames;
    this.#left = left;
    this.#station = medium.attach(options, sink);
    sink.nodeChanged(this.#station.node.report);
  }

  get room(): number {
    return this.#room - this.#station.waiting;
  }

  send(frame: CanFrame): void {
    this.#medium.send(this.#station, frame);
  }

  async command(command: BusCommand): Promise<VirtualBusStatistics> {
    return await Promise.resolve(runCommand(this.#medium, this.#station, command));
  }

  close(): void {
    this.#medium.detach(this.#station);
    this.#left();
  }
}
