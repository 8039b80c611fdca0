import { createEmitter } from "../../src/channel/emitter.js";
import {
  type Link,
  type LinkDown,
  type LinkDownReason,
  type LinkEvents,
  type LinkStatistics,
  type LinkStatus,
  NO_ROOM,
  type Port,
  type PortAnnouncement,
  type PortOptions,
  type PortRecordKind,
  RecordKind,
  type WaitOptions,
  waitForLink,
} from "../../src/channel/index.js";
import { ErrorCode, IntercellError } from "../../src/errors.js";
import { type Counters, createLinkCounters } from "./loopback-counters.js";
import { type Broadcast, type Frame, frameBytes, HEADER_BYTES, type LoopbackOptions } from "./loopback-frame.js";
import { LoopbackPort } from "./loopback-port.js";

export type Ends = [LoopbackLink, LoopbackLink];

const OFFSET = 8;
const linkEventNames = ["up", "down", "error", "close"];

export class LoopbackLink implements Link {
  readonly name: string;
  readonly events = createEmitter<LinkEvents>("a loopback link", linkEventNames);
  /** Own epoch, 0 once closed. What the peer sees, as the next five are. */
  epoch: number;
  /** Epoch of the peer that this side has accepted, else 0. */
  accepted = 0;
  /** Epoch of the peer that this side refuses, else 0. */
  refused = 0;
  suspended: "away" | "stalled" | undefined;
  broken = false;
  readonly broadcasts: Broadcast[] = [];
  readonly incoming: Frame[] = [];
  readonly ports = new Map<string, LoopbackPort>();
  readonly counters: Counters;
  readonly maxPayload: number;
  readonly #side: 0 | 1;
  readonly #ends: Ends;
  readonly #options: LoopbackOptions;
  readonly #staged: Frame[] = [];
  readonly #peerChannels = new Map<number, PortAnnouncement>();
  readonly #scratch: DataView;
  #status: LinkStatus = "connecting";
  #claimant: LoopbackPort | undefined;
  #unacknowledgedBytes = 0;
  #unacknowledgedRecords = 0;
  #sequence = 0;
  #channels = 0;
  #broadcastIndex = 0;
  #broadcastCursor = 0;
  #paused = false;
  #polling = false;
  #dead = false;
  #flushing = false;
  #waking = false;

  constructor(side: 0 | 1, ends: Ends, epoch: number, options: LoopbackOptions) {
    this.name = `the ${side === 0 ? "right" : "left"} end of a loopback`;
    this.#side = side;
    this.#ends = ends;
    this.epoch = epoch;
    this.#options = options;
    this.maxPayload = options.capacityBytes / 2 - HEADER_BYTES;
    this.#scratch = new DataView(new ArrayBuffer(OFFSET + this.maxPayload));
    this.counters = createLinkCounters(options.capacityBytes);
  }

  get status(): LinkStatus {
    return this.#status;
  }

  get statistics(): LinkStatistics {
    return { ...this.counters };
  }

  get unacknowledgedBytes(): number {
    return this.#unacknowledgedBytes;
  }

  get scratch(): DataView {
    return this.#scratch;
  }

  get peer(): LoopbackLink {
    return this.#ends[this.#side === 0 ? 1 : 0];
  }

  attach(options: PortOptions): Port {
    if (this.#status === "closed") throw new IntercellError(ErrorCode.CLOSED, "The loopback link is closed");
    if (this.ports.has(options.name)) {
      throw new IntercellError(ErrorCode.IN_USE, `The loopback link has a channel "${options.name}" already`);
    }
    this.#channels++;
    const port = new LoopbackPort(this, options, this.#channels);
    this.ports.set(options.name, port);
    if (this.#status === "up") this.#announce(port);
    this.wake();
    return port;
  }

  detach(port: LoopbackPort): void {
    this.ports.delete(port.name);
    if (this.#status === "up") this.#stage(RecordKind.withdraw, port.number, 0, 0);
  }

  claim(port: LoopbackPort, lengthBytes: number): number {
    if (lengthBytes > this.maxPayload) {
      const message = `A loopback record holds ${this.maxPayload} bytes, not ${lengthBytes}`;
      throw new IntercellError(ErrorCode.TOO_LARGE, message);
    }
    this.#claimant = undefined;
    const used = this.#unacknowledgedBytes + frameBytes(lengthBytes);
    if (used > this.#options.capacityBytes) return NO_ROOM;
    this.#claimant = port;
    return OFFSET;
  }

  commit(port: LoopbackPort, kind: PortRecordKind, message: number, lengthBytes: number): number {
    if (this.#claimant !== port) throw new Error("Cannot commit without a claim");
    this.#claimant = undefined;
    this.counters.sentRecords++;
    this.counters.sentBytes += lengthBytes;
    return this.#stage(kind, port.number, message, lengthBytes);
  }

  broadcast(port: LoopbackPort, message: number, payload: Uint8Array): void {
    if (payload.length > this.maxPayload) {
      throw new IntercellError(ErrorCode.TOO_LARGE, `A loopback broadcast holds ${this.maxPayload} bytes`);
    }
    const view = new DataView(new ArrayBuffer(OFFSET + payload.length));
    new Uint8Array(view.buffer, OFFSET).set(payload);
    this.broadcasts.push({ index: this.#broadcastIndex, channel: port.number, message, view, length: payload.length });
    this.#broadcastIndex++;
    if (this.broadcasts.length > this.#options.broadcastRecords) this.broadcasts.shift();
    this.peer.wake();
  }

  resume(): void {
    this.#paused = false;
    this.wake();
  }

  /** Polls in a turn of the event loop to come. */
  wake(): void {
    if (this.#waking || this.#dead) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      this.poll();
    });
  }

  poll(): number {
    if (this.#polling || this.#dead || this.#status === "closed") return 0;
    this.#polling = true;
    try {
      this.flush();
      this.#look();
      const records = this.#deliver(this.#status === "up") + this.#deliverBroadcasts();
      for (const port of [...this.ports.values()]) port.tellRoom();
      return records;
    } finally {
      this.#polling = false;
    }
  }

  flush(): void {
    if (this.#dead || this.#staged.length === 0) return;
    this.peer.incoming.push(...this.#staged.splice(0));
    this.peer.wake();
  }

  ready(options: WaitOptions = {}): Promise<void> {
    return waitForLink(this, options, () => "the other end is not there");
  }

  close(): void {
    if (this.#status === "closed" || this.#dead) return;
    this.flush();
    this.epoch = 0;
    this.accepted = 0;
    const down = this.#down("closed", false);
    this.#status = "closed";
    for (const port of [...this.ports.values()]) port.lose(down);
    this.ports.clear();
    this.events.emit("close");
    this.peer.wake();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  kill(): void {
    this.#dead = true;
    this.epoch = 0;
  }

  acknowledge(bytes: number): void {
    this.#unacknowledgedBytes -= bytes;
    this.#unacknowledgedRecords--;
    this.wake();
  }

  /** Follows what the peer shows of itself, as far as it leads. */
  #look(): void {
    const { peer } = this;
    if (this.accepted !== 0) {
      const refused = peer.refused === this.epoch;
      if (peer.broken && this.#status === "up") this.#refuse(peer);
      else if (peer.epoch !== this.accepted || refused) {
        this.#deliver(this.#status !== "connecting");
        this.#end(refused ? "peer refused" : peer.epoch === 0 ? "peer closed" : "restarted");
      }
    }
    if (this.accepted === 0 && peer?.epoch && peer.epoch !== this.refused && peer.refused !== this.epoch) {
      this.accepted = peer.epoch;
      this.incoming.length = 0;
      this.#broadcastCursor = peer.#broadcastIndex;
      peer.wake();
    }
    if (this.accepted === 0 || peer.accepted !== this.epoch) return;
    if (peer.suspended !== undefined) this.#suspend(peer.suspended);
    else if (this.#status !== "up") this.#up();
  }

  #up(): void {
    const resumed = this.#status === "away" || this.#status === "stalled";
    this.#status = "up";
    if (!resumed) this.counters.sessions++;
    this.events.emit("up", { epoch: this.accepted, resumed });
    for (const port of [...this.ports.values()]) {
      if (!resumed) this.#announce(port);
      else if (port.matched) port.opens();
    }
  }

  #suspend(reason: "away" | "stalled"): void {
    if (this.#status !== "up") return;
    this.#status = reason;
    const down: LinkDown = { reason, resumable: true, lost: 0 };
    for (const port of [...this.ports.values()]) port.lose(down);
    this.events.emit("down", down);
  }

  #refuse(peer: LoopbackLink): void {
    this.refused = peer.epoch;
    this.counters.faults++;
    const error = new IntercellError(ErrorCode.PROTOCOL, "The other end of the loopback broke the protocol");
    this.#end("fault", error);
    this.#status = "refused";
    this.events.emit("error", error);
    peer.wake();
  }

  #end(reason: LinkDownReason, error?: IntercellError): void {
    const wasUp = this.#status !== "connecting";
    this.accepted = 0;
    this.#status = "connecting";
    const down = this.#down(reason, wasUp, error);
    this.incoming.length = 0;
    this.#peerChannels.clear();
    if (!wasUp) return;
    for (const port of [...this.ports.values()]) port.lose(down);
    this.events.emit("down", down);
    this.peer.wake();
  }

  #down(reason: LinkDownReason, counts: boolean, error?: IntercellError): LinkDown {
    const lost = this.#unacknowledgedRecords;
    if (counts) this.counters.lostRecords += lost;
    this.#staged.length = 0;
    this.#unacknowledgedBytes = 0;
    this.#unacknowledgedRecords = 0;
    this.#sequence = 0;
    this.#paused = false;
    return { reason, resumable: false, lost, ...(error === undefined ? {} : { error }) };
  }

  #announce(port: LoopbackPort): void {
    this.#stage(RecordKind.announce, port.number, 0, 0, port.announcement);
    for (const announcement of this.#peerChannels.values()) {
      if (announcement.name === port.name) port.meet(announcement);
    }
    this.wake();
  }

  #stage(kind: RecordKind, channel: number, message: number, length: number, announcement?: PortAnnouncement): number {
    const view = new DataView(this.#scratch.buffer.slice(0, OFFSET + length));
    const sequence = this.#sequence++;
    this.#staged.push({ kind, channel, message, sequence, view, length, ...(announcement && { announcement }) });
    this.#unacknowledgedBytes += frameBytes(length);
    this.#unacknowledgedRecords++;
    this.counters.ringHighWaterBytes = Math.max(this.counters.ringHighWaterBytes, this.#unacknowledgedBytes);
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => {
        this.#flushing = false;
        this.flush();
      });
    }
    return sequence;
  }

  #deliver(allowed: boolean): number {
    let records = 0;
    if (!allowed) return records;
    for (const port of [...this.ports.values()]) port.tell();
    while (!this.#paused && this.#status !== "closed") {
      const frame = this.incoming[0];
      if (frame === undefined) break;
      if (!this.#take(frame)) {
        this.#paused = true;
        break;
      }
      // A handler may have closed the link, which empties the queue.
      if (this.incoming[0] === frame) this.incoming.shift();
      if (this.peer.epoch === this.accepted) this.peer.acknowledge(frameBytes(frame.length));
      records++;
    }
    return records;
  }

  #take(frame: Frame): boolean {
    if (frame.kind === RecordKind.announce && frame.announcement !== undefined) {
      this.#peerChannels.set(frame.channel, frame.announcement);
      this.ports.get(frame.announcement.name)?.meet(frame.announcement);
      this.ports.get(frame.announcement.name)?.tell();
      return true;
    }
    const name = this.#peerChannels.get(frame.channel)?.name ?? "";
    const port = this.ports.get(name);
    if (frame.kind === RecordKind.withdraw) {
      this.#peerChannels.delete(frame.channel);
      port?.lose({ reason: "peer closed", resumable: false, lost: 0 });
      return true;
    }
    if (port === undefined || !port.matched) {
      this.counters.unroutableRecords++;
      return true;
    }
    const { kind, message, sequence, view, length } = frame;
    const taken = port.handler.record(kind as PortRecordKind, message, sequence, view, OFFSET, length);
    if (taken) {
      this.counters.receivedRecords++;
      this.counters.receivedBytes += length;
    }
    return taken;
  }

  #deliverBroadcasts(): number {
    let records = 0;
    if (this.#status !== "up") return records;
    for (const record of [...this.peer.broadcasts]) {
      if (record.index < this.#broadcastCursor) continue;
      const missed = record.index - this.#broadcastCursor;
      this.#broadcastCursor = record.index + 1;
      this.counters.missedBroadcasts += missed;
      const port = this.ports.get(this.#peerChannels.get(record.channel)?.name ?? "");
      if (!port?.matched) continue;
      port.handler.broadcast(record.message, missed, record.view, OFFSET, record.length);
      records++;
    }
    return records;
  }
}
