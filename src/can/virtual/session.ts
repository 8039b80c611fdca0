import type { Connection } from "../../native.js";
import type { FrameOrigin, Timestamp } from "../bus.js";
import type { CanFrame } from "../frame.js";
import type { VirtualMedium } from "./medium.js";
import { isAble, type NodeReport } from "./node.js";
import { type BusCommand, runCommand } from "./port.js";
import type { StationOptions, StationSink, VirtualStation } from "./station.js";
import { decodeFrames, decodeText, encodeEvent, encodeEvents, encodeText, hasFrame, MessageKind } from "./wire.js";

/** Records and answers that wait beyond the received frames; a client that does not read at all is hung up on here. */
const SPARE_RECORDS = 16_384;
const MAX_ANSWERS = 64;

/** A handle in another process as the bus sees it: what its station is told goes into the socket, as fast as it is read. */
export class VirtualSession implements StationSink {
  readonly #connection: Connection;
  readonly #medium: VirtualMedium;
  readonly #receiveFrames: number;
  readonly #station: VirtualStation;
  readonly #hangUp: () => void;
  #records: Uint8Array[] = [];
  readonly #answers: Uint8Array[] = [];
  /** Records of received frames among them. */
  #frames = 0;
  #dropped = 0;
  #droppedTold = 0;
  #downs = 0;
  #blocked = false;

  /** @param receiveFrames that wait for the client besides those in the socket; what comes then is lost, and counted. */
  constructor(
    connection: Connection,
    medium: VirtualMedium,
    options: StationOptions,
    receiveFrames: number,
    hangUp: () => void,
  ) {
    this.#connection = connection;
    this.#hangUp = hangUp;
    this.#medium = medium;
    this.#receiveFrames = receiveFrames;
    this.#station = medium.attach(options, this);
  }

  get report(): NodeReport {
    return this.#station.node.report;
  }

  /** @throws IntercellError if the message makes no sense: the client is then hung up on. */
  message(bytes: Uint8Array): void {
    if (bytes[0] === MessageKind.COMMAND) {
      this.#command(decodeText(MessageKind.COMMAND, bytes) as { id: number; command: BusCommand });
      return;
    }
    const { epoch, frames } = decodeFrames(bytes);
    // Sent before the client heard that its node went down: it has taken them for lost since.
    if (epoch !== this.#downs) return;
    for (const frame of frames) this.#medium.send(this.#station, frame);
  }

  /** The client reads again. */
  room(): void {
    this.#blocked = false;
    this.flush();
  }

  /** The client is gone. What it sent goes on its way. */
  end(): void {
    this.#records = [];
    this.#medium.detach(this.#station);
  }

  received(frame: CanFrame, timestamp: Timestamp, origin: FrameOrigin): void {
    if (this.#frames >= this.#receiveFrames) {
      this.#dropped += 1;
      return;
    }
    this.#tellDropped();
    this.#frames += 1;
    this.#add(encodeEvent({ kind: "received", frame, timestamp, origin }));
  }

  sent(timestamp: Timestamp): void {
    this.#add(encodeEvent({ kind: "sent", timestamp }));
  }

  nodeChanged(report: NodeReport): void {
    if (!isAble(report)) this.#downs += 1;
    this.#add(encodeEvent({ kind: "node", report }));
  }

  flush(): void {
    let from = 0;
    while (!this.#blocked && from < this.#records.length) {
      const { bytes, count } = encodeEvents(this.#records, from);
      this.#blocked = !this.#connection.trySend(bytes);
      if (this.#blocked) break;
      for (const record of this.#records.slice(from, from + count)) if (hasFrame(record)) this.#frames -= 1;
      from += count;
    }
    if (from > 0) this.#records.splice(0, from);
    if (this.#records.length > 0) return;
    if (this.#droppedTold !== this.#dropped) {
      // Nothing comes after what was lost, so it is told by itself.
      this.#tellDropped();
      this.flush();
      return;
    }
    while (!this.#blocked && this.#answers.length > 0) {
      this.#blocked = !this.#connection.trySend(this.#answers[0] as Uint8Array);
      if (!this.#blocked) this.#answers.shift();
    }
  }

  #tellDropped(): void {
    if (this.#droppedTold === this.#dropped) return;
    this.#droppedTold = this.#dropped;
    this.#add(encodeEvent({ kind: "dropped", total: this.#dropped }));
  }

  #add(record: Uint8Array): void {
    this.#records.push(record);
    if (this.#records.length > this.#receiveFrames + SPARE_RECORDS) this.#hangUp();
  }

  #command({ id, command }: { readonly id: number; readonly command: BusCommand }): void {
    let answer: object;
    try {
      answer = { id, statistics: runCommand(this.#medium, this.#station, command) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? { name: error.name, message: error.message } : {} };
    }
    this.#answers.push(encodeText(MessageKind.REPLY, answer));
    if (this.#answers.length > MAX_ANSWERS) this.#hangUp();
    // What the command led to goes before its answer.
    else this.flush();
  }
}
