import { encodeBroadcast, MAX_BROADCAST_HEADER } from "../../carried/broadcast.js";
import type { Carrier, CarrierUser } from "../../carried/carrier.js";
import { MAX_LATEST_HEADER_BYTES } from "../../carried/data-pdu.js";
import { ErrorCode, IntercellError } from "../../errors.js";
import type { FramePort } from "../ethernet/frame-port.js";
import { ReliableStation, type StationOptions } from "../reliable/station.js";
import type { SessionStatistics } from "../reliable/statistics.js";

/** Kinds of records and datagrams on a link (docs/ivshmem-net-ethernet.md, "Channels"). */
const Kind = { CONTROL: 0, DATA: 1, BROADCAST: 2 } as const;

/** Broadcasts that wait for room; of more the oldest are dropped, which the peer counts as missed. */
const MAX_BROADCASTS = 64;

interface WaitingPdu {
  readonly pdu: Uint8Array;
  settle(error?: unknown): void;
}

/** Carries a link in Ethernet frames: the stream as records, all else as datagrams. */
export class EthernetCarrier implements Carrier {
  readonly name: string;
  readonly maxStreamPduBytes: number;
  readonly maxTopicBytes: number;
  readonly #port: FramePort;
  readonly #station: ReliableStation;
  readonly #broadcasts: Uint8Array[] = [];
  #user: CarrierUser | undefined;
  #waiting: WaitingPdu | undefined;
  #sequence = 0;
  #droppedBroadcasts = 0;
  #isGone = false;
  #release: (() => void) | undefined;

  /** @param release lets go of the port once the carrier is closed. */
  constructor(port: FramePort, options: StationOptions, release: () => void) {
    this.#release = release;
    this.name = `the peer on ${port.name}`;
    this.#port = port;
    this.#station = new ReliableStation(port, options, {
      record: (kind, bytes) => {
        if (kind === Kind.DATA) this.#user?.data(bytes);
      },
      datagram: (kind, bytes) => this.#onDatagram(kind, bytes),
      opened: () => this.#user?.restored(),
      ended: () => this.#settle(new Error("The session ended")),
      room: () => this.#onRoom(),
      gone: (error) => this.#onGone(error),
    });
    this.maxStreamPduBytes = this.#station.maxRecordBytes;
    this.maxTopicBytes = this.#station.maxRecordBytes - MAX_LATEST_HEADER_BYTES;
  }

  get up(): boolean {
    return this.#station.open;
  }

  get statistics(): SessionStatistics & { readonly strangers: number; readonly droppedBroadcasts: number } {
    const { statistics, strangers } = this.#station;
    return { ...statistics, strangers, droppedBroadcasts: this.#droppedBroadcasts };
  }

  listen(user: CarrierUser): void {
    this.#user = user;
  }

  /** Tells that the port has room again, where it can tell. */
  flush(): void {
    this.#station.flush();
  }

  sendControl(frame: Uint8Array): boolean {
    return this.#station.sendDatagram(Kind.CONTROL, frame);
  }

  sendLast(frame: Uint8Array): void {
    this.#station.sendDatagram(Kind.CONTROL, frame);
  }

  send(pdu: Uint8Array, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#station.send(Kind.DATA, pdu)) return Promise.resolve();
    if (!this.#station.open) return Promise.reject(new Error("There is no session"));
    return new Promise((resolve, reject) => {
      const abort = () => this.#settle(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting = {
        pdu,
        settle: (error) => {
          signal.removeEventListener("abort", abort);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
    });
  }

  sendLatest(pdu: Uint8Array): boolean {
    return this.#station.sendDatagram(Kind.DATA, pdu);
  }

  broadcast(channel: number, message: number, payload: Uint8Array): void {
    const most = this.#station.maxRecordBytes - MAX_BROADCAST_HEADER;
    if (payload.length > most) {
      const found = `A broadcast to ${this.name} has ${most} bytes at most, not ${payload.length}`;
      throw new IntercellError(ErrorCode.TOO_LARGE, `${found}; raise the MTU`);
    }
    this.#broadcasts.push(encodeBroadcast(this.#sequence, channel, message, payload));
    this.#sequence = (this.#sequence + 1) & 0xffff;
    if (this.#broadcasts.length > MAX_BROADCASTS) {
      this.#broadcasts.shift();
      this.#droppedBroadcasts++;
    }
    this.#pumpBroadcasts();
  }

  explain(heard: boolean): string {
    const { name, up } = this.#port;
    if (this.#isGone) return `${name} is gone; open the link again`;
    if (!up) return `${name} is not up; is it, and so is its peer?`;
    if (heard || this.up) return "it is there and does not answer the handshake of the link";
    return "no frame of its was heard; does it run, with the same EtherType?";
  }

  close(): void {
    this.#user = undefined;
    this.#station.close();
    this.#settle(new Error("The carrier is closed"));
    this.#release?.();
    this.#release = undefined;
  }

  /** @internal Ends without a word, as a process does that is killed. */
  destroy(): void {
    this.#station.destroy();
    this.close();
  }

  #onDatagram(kind: number, bytes: Uint8Array): void {
    if (kind === Kind.CONTROL) this.#user?.control(bytes);
    else if (kind === Kind.DATA) this.#user?.data(bytes);
    else if (kind === Kind.BROADCAST) this.#user?.broadcast(bytes);
  }

  #onRoom(): void {
    if (this.#waiting !== undefined && this.#station.send(Kind.DATA, this.#waiting.pdu)) this.#settle();
    this.#pumpBroadcasts();
    this.#user?.room();
  }

  #onGone(error: IntercellError | undefined): void {
    this.#isGone = true;
    const message =
      `${this.#port.name} is gone, and with it the link; open it again. ${error?.message ?? ""}`.trimEnd();
    this.#user?.problem(new IntercellError(ErrorCode.CLOSED, message, { cause: error }));
  }

  #pumpBroadcasts(): void {
    for (let first = this.#broadcasts[0]; first !== undefined; first = this.#broadcasts[0]) {
      if (!this.#station.sendDatagram(Kind.BROADCAST, first)) return;
      this.#broadcasts.shift();
    }
  }

  #settle(error?: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.settle(error);
  }
}
