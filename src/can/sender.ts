import { Deadline, requireWaitOptions } from "../channel/wait.js";
import { ErrorCode, IntercellError } from "../errors.js";
import type { CanSendOptions, Timestamp } from "./bus.js";
import type { CanBusCounters } from "./bus-counters.js";
import { Confirmations, type ConfirmationWaiter } from "./confirmations.js";
import type { CanFrame } from "./frame.js";
import { SendLine } from "./send-line.js";

export interface SenderParts {
  /** Of the bus. */
  readonly name: string;
  readonly sendQueueFrames: number;
  readonly counters: CanBusCounters;
  /** Why nothing can be sent now, as what is thrown. */
  obstacle(): IntercellError | undefined;
  /** @throws TypeError or RangeError for a frame that this bus cannot carry. */
  requireCarried(frame: CanFrame): void;
  /** Whether a frame of this handle is given back to it. */
  comesBack(frame: CanFrame): boolean;
  /** As of SendLineParts. */
  transmit(frames: readonly CanFrame[]): number;
  room(): void;
}

/** What one bus handle sends: the line of what waits for room, and what waits to come back from the wire. */
export class Sender {
  readonly confirmations: Confirmations;
  readonly #parts: SenderParts;
  readonly #line: SendLine;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.confirmations = new Confirmations(parts.name);
    this.#line = new SendLine({
      name: parts.name,
      capacity: parts.sendQueueFrames,
      counters: parts.counters,
      transmit: (frames) => parts.transmit(frames),
      room: () => parts.room(),
    });
  }

  trySendAll(frames: readonly CanFrame[]): number {
    this.#requireReady();
    for (const frame of frames) this.#parts.requireCarried(frame);
    return this.#line.trySendAll(frames, this.#noteSent);
  }

  async send(frame: CanFrame, options: CanSendOptions = {}): Promise<void> {
    await this.#enter<void>("send", frame, options, (resolve) => {
      this.#noteSent(frame);
      resolve();
      return nothing;
    });
  }

  async sendConfirmed(frame: CanFrame, options: CanSendOptions = {}): Promise<Timestamp> {
    this.#requireReady();
    if (!this.#parts.comesBack(frame)) throw neverComesBack(this.#parts.name);
    return await this.#enter<Timestamp>("sendConfirmed", frame, options, (resolve, reject) => {
      const waiter: ConfirmationWaiter = { resolve, reject };
      this.confirmations.add(frame, waiter);
      return () => this.confirmations.forget(waiter);
    });
  }

  /** There may be room again. */
  resume(): void {
    this.#line.resume();
  }

  /** Nothing can be sent any more, or not for now. @param why nothing comes back either, as the end of a sentence. */
  stop(reason: IntercellError, why: string): void {
    this.#line.refuseAll(reason);
    this.confirmations.clear(why);
  }

  readonly #noteSent = (frame: CanFrame): void => {
    if (this.#parts.comesBack(frame)) this.confirmations.add(frame);
  };

  #requireReady(): void {
    const obstacle = this.#parts.obstacle();
    if (obstacle !== undefined) throw obstacle;
  }

  /** @param taken called once the frame was handed over; gives what takes back the wait that begins then. */
  async #enter<T>(
    what: string,
    frame: CanFrame,
    options: CanSendOptions,
    taken: (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void,
  ): Promise<T> {
    requireWaitOptions(what, options);
    this.#requireReady();
    this.#parts.requireCarried(frame);
    options.signal?.throwIfAborted();
    return await new Promise<T>((resolve, reject) => {
      let sent = false;
      const settle = <V>(settler: (value: V) => void) => {
        return (value: V): void => {
          deadline.stop();
          settler(value);
        };
      };
      let withdraw = this.#line.enqueue({
        frame,
        taken: () => {
          sent = true;
          withdraw = taken(settle(resolve), settle(reject));
        },
        refused: settle(reject),
      });
      const giveUp = (reason: unknown): void => {
        withdraw();
        reject(reason);
      };
      const late = (): string => describeDelay(this.#parts.name, sent, options.timeoutMs);
      const deadline = new Deadline(options, giveUp, late);
    });
  }
}

function describeDelay(name: string, sent: boolean, timeoutMs: number | undefined): string {
  const found = sent ? "did not confirm a frame" : "had no room for a frame";
  return `${name} ${found} within ${timeoutMs} ms. See that another node acknowledges, and that the bus is not overloaded`;
}

function neverComesBack(name: string): IntercellError {
  const found = `Cannot confirm a frame on ${name} as it is not given back`;
  const advice = "Open the bus with ownFrames, with loopback, and with filters that the frame passes.";
  return new IntercellError(ErrorCode.UNSUPPORTED, `${found}. ${advice}`);
}

function nothing(): void {}
