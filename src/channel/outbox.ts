import { ErrorCode, IntercellError } from "../errors.js";
import type { Lease } from "./lease.js";
import { NO_ROOM, type Port, type PortRecordKind, RecordKind } from "./link.js";
import { Deadline, type WaitOptions } from "./wait.js";

/** A record that waits in line for room or for the peer. */
export interface WaitingRecord {
  readonly kind: PortRecordKind;
  readonly message: number;
  /** The payload; nobody else changes it. */
  readonly payload: Uint8Array;
  /** Called once it is committed, with its sequence. */
  committed(sequence: number): void;
  /** Called if it never will be. */
  failed(reason: unknown): void;
}

/** What an outbox is told to stop for: the channel was closed, or the peer has another protocol. */
type Stop = { readonly error: IntercellError; readonly final: boolean };

/**
 * The way out of one channel: records leave in the order in which they were handed in, whether they found room at once
 * or had to wait. The line is bounded: by `capacity` for what the application sends, and by as many again for what the
 * channel sends by itself (replies, errors, cancels).
 */
export class Outbox {
  readonly #port: Port;
  readonly #capacity: number;
  readonly #label: string;
  /** A Set as it keeps order and takes one out of the middle at once. */
  readonly #line = new Set<WaitingRecord>();
  readonly #controls = new Set<WaitingRecord>();
  #stop: Stop | undefined;
  /** Something waits in line, or the channel is closed: one look for {@link claim}, which costs less than the two sets. */
  #blocked = false;
  /** The application's own code runs to write a message into the place that was claimed. */
  #filling = false;
  /** The port's view as bytes, kept as long as the port has the same. */
  #view: DataView | undefined;
  #bytes: Uint8Array = new Uint8Array();

  constructor(port: Port, capacity: number, label: string) {
    this.#port = port;
    this.#capacity = capacity;
    this.#label = label;
  }

  /** Records of the application that wait. */
  get waiting(): number {
    return this.#line.size - this.#controls.size;
  }

  /** Records of all kinds that wait. */
  get length(): number {
    return this.#line.size;
  }

  /** Why nothing is sent, until {@link restart} or for good; undefined if there is no reason. */
  get stopped(): IntercellError | undefined {
    return this.#stop?.error;
  }

  /** A place of a lease may not be used: something waits in line, the channel is closed, or a message is being written. */
  get blocked(): boolean {
    return this.#blocked || this.#filling;
  }

  /** Where to write a claimed payload. */
  get view(): DataView {
    return this.#port.view;
  }

  get maxPayload(): number {
    return this.#port.maxPayload;
  }

  get longerRecordsBy(): string | undefined {
    return this.#port.longerRecordsBy;
  }

  /**
   * As {@link Port.claim}; also {@link NO_ROOM} while other records wait in line.
   *
   * @throws IntercellError `ERR_CLOSED` once the channel is closed; TypeError while a message is being written.
   */
  claim(lengthBytes: number): number {
    return this.#blocked || this.#filling ? this.#refuse() : this.#port.claim(lengthBytes);
  }

  /**
   * To be called before accessors and functions of the application write into the place that is claimed or leased, and
   * {@link filled} in any case afterwards: a message that they send in between would take the same place.
   */
  filling(): void {
    if (this.#filling) this.#refuse();
    this.#filling = true;
  }

  filled(): void {
    this.#filling = false;
  }

  /** As {@link Port.commit}. */
  commit(kind: PortRecordKind, message: number, lengthBytes: number): number {
    return this.#port.commit(kind, message, lengthBytes);
  }

  /** As {@link Port.lease}; also false while records wait in line, or once the channel is closed. */
  lease(lease: Lease, message: number, lengthBytes: number): boolean {
    return !this.blocked && this.#port.lease?.(lease, message, lengthBytes) === true;
  }

  /** As {@link Port.flush}. */
  flush(): void {
    this.#port.flush();
  }

  /** Commits a payload if there is room and nothing waits; gives its sequence or {@link NO_ROOM}. */
  tryCommit(kind: PortRecordKind, message: number, payload: Uint8Array): number {
    const offset = this.claim(payload.length);
    return offset === NO_ROOM ? NO_ROOM : this.#write(kind, message, payload, offset);
  }

  /** As {@link tryCommit} for data messages of `lengthBytes` that lie one behind the other; gives how many were taken. */
  tryCommitRun(message: number, payloads: Uint8Array, lengthBytes: number): number {
    if (this.blocked) {
      this.#refuse();
      return 0;
    }
    if (this.#port.commitRun !== undefined) return this.#port.commitRun(message, payloads, lengthBytes);
    let taken = 0;
    // Blocked in the middle if the device fails as it tells the peer, which closes the channel: what was sent is counted.
    for (let at = 0; at < payloads.length && !this.#blocked; at += lengthBytes) {
      if (this.tryCommit(RecordKind.data, message, payloads.subarray(at, at + lengthBytes)) === NO_ROOM) break;
      taken++;
    }
    return taken;
  }

  /**
   * Puts a record of the application at the end of the line.
   *
   * @throws IntercellError `ERR_QUEUE_FULL`, or why this channel sends nothing (`ERR_CLOSED`, `ERR_TYPE_MISMATCH`).
   */
  enqueue(record: WaitingRecord): void {
    if (this.#stop !== undefined) throw this.#stop.error;
    if (this.waiting >= this.#capacity) {
      const message = `Cannot send on ${this.#label} as ${this.#capacity} sends wait already: wait for some to be done`;
      throw new IntercellError(ErrorCode.QUEUE_FULL, message);
    }
    this.#line.add(record);
    this.#blocked = true;
  }

  /** Puts a record of the channel itself at the end of the line; false if too many wait already. */
  enqueueControl(record: WaitingRecord): boolean {
    if (this.#stop !== undefined || this.#controls.size >= this.#capacity) return false;
    this.#line.add(record);
    this.#blocked = true;
    this.#controls.add(record);
    return true;
  }

  /** Takes a record out of the line without a call of it; false if it is not there. */
  remove(record: WaitingRecord): boolean {
    this.#controls.delete(record);
    const wasThere = this.#line.delete(record);
    this.#blocked = this.#line.size > 0 || this.#stop?.final === true;
    return wasThere;
  }

  /** Commits at once or waits in line; resolves once committed. */
  send(kind: PortRecordKind, message: number, payload: Uint8Array, options: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const record: WaitingRecord = {
        kind,
        message,
        payload,
        committed: () => {
          deadline.stop();
          resolve();
        },
        failed: (reason) => {
          deadline.stop();
          reject(reason);
        },
      };
      this.enqueue(record);
      const giveUp = (reason: unknown): void => {
        this.remove(record);
        reject(reason);
        this.pump();
      };
      const late = (): string =>
        `No room for a message on ${this.#label} within ${options.timeoutMs} ms: ` +
        (this.#port.open ? "the peer does not take what was sent" : "the channel is not open");
      const deadline = new Deadline(options, giveUp, late);
    });
  }

  /** Commits what waits, as far as there is room. */
  pump(): void {
    if (this.#filling) return;
    for (const record of this.#line) {
      const offset = this.#port.claim(record.payload.length);
      if (offset === NO_ROOM) return;
      const sequence = this.#write(record.kind, record.message, record.payload, offset);
      this.remove(record);
      record.committed(sequence);
    }
  }

  /** The peer has the right protocol again. */
  restart(): void {
    if (!this.#stop?.final) this.#stop = undefined;
  }

  /** Fails all that waits, and what is still to come until {@link restart}, or for good if `final`. */
  stop(error: IntercellError, final: boolean): void {
    if (this.#stop?.final) return;
    this.#stop = { error, final };
    this.#blocked = this.#blocked || final;
    this.#failAll(this.#line, error);
  }

  /** The session is over, and with it all that answers or cancels a request of it. */
  dropControls(): void {
    const reason = new IntercellError(ErrorCode.PEER_RESTARTED, `The session of ${this.#label} is over`);
    this.#failAll(this.#controls, reason);
  }

  #refuse(): number {
    if (this.#filling) {
      throw new TypeError(
        `Cannot send on ${this.#label} while the fields of another message are set: send it afterwards`,
      );
    }
    if (this.#stop?.final) throw this.#stop.error;
    return NO_ROOM;
  }

  #failAll(records: ReadonlySet<WaitingRecord>, reason: unknown): void {
    for (const record of [...records]) {
      this.remove(record);
      record.failed(reason);
    }
  }

  #write(kind: PortRecordKind, message: number, payload: Uint8Array, offset: number): number {
    const { view } = this.#port;
    if (view !== this.#view) {
      this.#view = view;
      this.#bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    }
    this.#bytes.set(payload, offset);
    return this.#port.commit(kind, message, payload.length);
  }
}
