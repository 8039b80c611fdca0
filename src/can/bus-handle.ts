import { createEmitter } from "../channel/emitter.js";
import type { Receiver } from "../channel/receiver.js";
import type { TypedEmitter } from "../emitter.js";
import { ErrorCode, IntercellError } from "../errors.js";
import type {
  CanBus,
  CanBusEvents,
  CanBusStatistics,
  CanBusStatus,
  CanListenOptions,
  CanReceiveOptions,
  CanSendOptions,
  CanSubscription,
  ReceivedFrame,
  Timestamp,
} from "./bus.js";
import { createBusCounters } from "./bus-counters.js";
import type { CheckedBusOptions } from "./bus-options.js";
import { type Carriage, requireCarried } from "./carriage.js";
import { FrameDispatcher } from "./dispatcher.js";
import { ErrorClass } from "./error-class.js";
import { createMatcher } from "./filter.js";
import type { CanFrame, ErrorFrame } from "./frame.js";
import { ReceiveQueues } from "./receive-queue.js";
import { Sender } from "./sender.js";

/** What carries the frames of a handle: a socket, or a connection to a virtual bus. */
export interface BusTransport {
  /**
   * Hands over frames, at most `SEND_BATCH_FRAMES`, from the first on, as long as there is room; gives how many. After fewer
   * than all it calls {@link BusHandle.resume} once there may be room. It gives nothing back before it returns.
   *
   * @throws what the first was refused for, unless that was for lack of room.
   */
  transmit(frames: readonly CanFrame[]): number;
  /** Called once. */
  close(): void;
}

export interface BusHandleParts {
  /** Read anew each time, as it may change while the interface is down. */
  readonly carriage: Carriage;
  readonly options: CheckedBusOptions;
  /** Whether own frames come back at all, once `ownFrames` wants them. */
  readonly loopback: boolean;
  readonly status: CanBusStatus;
  /** What to do about an interface that is down, as a sentence without its stop. @defaultValue the command of iproute2 */
  readonly downAdvice?: string;
  readonly transport: BusTransport;
}

const eventNames: readonly (keyof CanBusEvents)[] = ["dropped", "status", "room", "error", "close"];

/** The one implementation of {@link CanBus}, over a transport that calls `deliver` and the functions after it. */
export class BusHandle implements CanBus {
  readonly name: string;
  readonly events: TypedEmitter<CanBusEvents>;
  readonly #carriage: Carriage;
  readonly #transport: BusTransport;
  readonly #counters = createBusCounters();
  readonly #dispatcher = new FrameDispatcher();
  readonly #queues: ReceiveQueues;
  readonly #sender: Sender;
  readonly #downAdvice: string;
  #status: CanBusStatus;

  constructor({ carriage, options, loopback, status, downAdvice, transport }: BusHandleParts) {
    const { name } = carriage;
    this.#downAdvice = downAdvice ?? `Set it up: ip link set ${name} up`;
    this.name = name;
    this.#carriage = carriage;
    this.#status = status;
    this.#transport = transport;
    this.events = createEmitter<CanBusEvents>(`CAN bus ${name}`, eventNames);
    this.#queues = new ReceiveQueues(name, this.#dispatcher, this.#counters);
    const passes = createMatcher(options.filterSet);
    const comesBack = options.ownFrames && loopback;
    this.#sender = new Sender({
      name,
      sendQueueFrames: options.sendQueueFrames,
      counters: this.#counters,
      obstacle: () => this.#obstacle(),
      requireCarried: (frame) => requireCarried(carriage, frame),
      comesBack: (frame) => comesBack && passes(frame),
      transmit: (frames) => transport.transmit(frames),
      room: () => this.events.emit("room"),
    });
  }

  get fd(): boolean {
    return this.#carriage.fd;
  }

  get status(): CanBusStatus {
    return this.#status;
  }

  get statistics(): CanBusStatistics {
    return { ...this.#counters };
  }

  listen(listener: (received: ReceivedFrame) => void, options?: CanListenOptions): CanSubscription {
    this.#requireOpen();
    return this.#dispatcher.listen(listener, options);
  }

  receive(options?: CanReceiveOptions): Receiver<ReceivedFrame> {
    this.#requireOpen();
    return this.#queues.open(options);
  }

  trySend(frame: CanFrame): boolean {
    return this.#sender.trySendAll([frame]) === 1;
  }

  trySendAll(frames: readonly CanFrame[]): number {
    return this.#sender.trySendAll(frames);
  }

  send(frame: CanFrame, options?: CanSendOptions): Promise<void> {
    return this.#sender.send(frame, options);
  }

  sendConfirmed(frame: CanFrame, options?: CanSendOptions): Promise<Timestamp> {
    return this.#sender.sendConfirmed(frame, options);
  }

  close(): void {
    this.#end();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A frame arrived. */
  deliver(received: ReceivedFrame): void {
    const { frame, origin, timestamp } = received;
    if (origin === "own") {
      this.#counters.confirmedFrames++;
      this.#sender.confirmations.confirm(frame, timestamp);
      if (!this.#dispatcher.ownHeard) return;
    } else {
      this.#counters.receivedFrames++;
      if (frame.kind === "error") this.#noteError(frame);
    }
    this.#dispatcher.dispatch(received);
  }

  /** Received bytes were no frame. */
  noteUndecodable(): void {
    this.#counters.undecodableFrames++;
  }

  /** So many frames were lost before the next one to be delivered. */
  noteDropped(count: number): void {
    if (count === 0) return;
    this.#counters.droppedFrames += count;
    this.#sender.confirmations.doubt();
    this.events.emit("dropped", count, this.#counters.droppedFrames);
  }

  /** There may be room for what was not taken. */
  resume(): void {
    // While the interface is down nothing is sent; once it is up this is called anew.
    if (this.#status === "up") this.#sender.resume();
  }

  /** The interface went up, down, or away. */
  setStatus(status: Exclude<CanBusStatus, "closed">): void {
    if (status === this.#status || this.#status === "closed") return;
    this.#status = status;
    const obstacle = this.#obstacle();
    if (obstacle !== undefined) this.#sender.stop(obstacle, `the interface is ${status}`);
    this.events.emit("status", status);
    if (status === "up") this.#sender.resume();
  }

  /** The transport failed for good. */
  fail(error: IntercellError): void {
    this.#end(error);
  }

  #end(fault?: IntercellError): void {
    if (this.#status === "closed") return;
    this.#status = "closed";
    this.#transport.close();
    const closed = new IntercellError(ErrorCode.CLOSED, `CAN bus ${this.name} is closed`, { cause: fault });
    this.#sender.stop(closed, "the bus was closed");
    this.#queues.close(fault);
    this.#dispatcher.close();
    this.events.emit("status", "closed");
    if (fault !== undefined) this.events.emit("error", fault);
    this.events.emit("close");
  }

  /** A controller that goes off the bus forgets what it was to send, and says nothing of it. */
  #noteError({ classes }: ErrorFrame): void {
    this.#counters.errorFrames++;
    if ((classes & ErrorClass.BUS_OFF) !== 0) this.#sender.confirmations.clear("the controller went bus-off");
  }

  #requireOpen(): void {
    if (this.#status === "closed") throw this.#obstacle() as IntercellError;
  }

  /** Why nothing can be sent now. */
  #obstacle(): IntercellError | undefined {
    return obstacleOf(this.name, this.#status, this.#downAdvice);
  }
}

/** Why a bus of this status sends nothing. */
function obstacleOf(name: string, status: CanBusStatus, downAdvice: string): IntercellError | undefined {
  switch (status) {
    case "up":
      return undefined;
    case "down": {
      const message = `Cannot send on ${name} as the interface is down. ${downAdvice}`;
      return new IntercellError("ENETDOWN", message, { errno: 100 });
    }
    case "removed":
      return new IntercellError("ENODEV", `Cannot send on ${name} as the interface was removed`, { errno: 19 });
    case "closed":
      return new IntercellError(ErrorCode.CLOSED, `CAN bus ${name} is closed`);
  }
}
