import { Controls, MAX_CHANNELS } from "../channel/controls.js";
import { createEmitter } from "../channel/emitter.js";
import type { Lease } from "../channel/lease.js";
import type {
  Link,
  LinkDown,
  LinkDownReason,
  LinkEvents,
  LinkStatistics,
  LinkStatus,
  Port,
  PortOptions,
} from "../channel/link.js";
import { RecordKind } from "../channel/link.js";
import { createLinkCounters, type LinkCounters } from "../channel/link-counters.js";
import { waitForLink } from "../channel/link-ready.js";
import type { WaitOptions } from "../channel/wait.js";
import type { TypedEmitter } from "../emitter.js";
import { ErrorCode, IntercellError } from "../errors.js";
import { explainWaiting, recordTooLarge, requireBroadcastRing } from "./diagnosis.js";
import { Fault, faultName } from "./fault.js";
import { WakeBit } from "./layout.js";
import type { LinkHost } from "./link-host.js";
import type { SectionMemory } from "./memory.js";
import { Outbox } from "./outbox.js";
import { Peering, type PeeringMemory } from "./peering.js";
import { type PortHost, placeTopics, ShmPort } from "./port.js";
import { NO_ROOM } from "./ring-writer.js";
import { Roster } from "./roster.js";

/** A link to one peer over the output sections of an ivshmem device. */
export class ShmLink implements Link, PortHost {
  readonly name: string;
  readonly peerId: number;
  readonly own: SectionMemory;
  readonly peer: SectionMemory;
  readonly events: TypedEmitter<LinkEvents>;
  readonly #host: LinkHost;
  readonly #peering: Peering;
  readonly #outbox: Outbox;
  readonly #roster = new Roster();
  readonly #controls = new Controls();
  readonly #counters: LinkCounters = createLinkCounters();
  #closed = false;
  #polling = false;
  /** The application was told that the link is up in this session. */
  #upTold = false;
  /** A claim found the ring full: the peer is asked to ring once it has taken something. */
  #wantsRoom = false;
  /** A fault found while a port was writing: the peer is refused at the next poll. */
  #fault: Fault | undefined;
  /** Why the session that is being ended ends, if the protocol was broken. */
  #breach: IntercellError | undefined;

  /** @internal Made by ShmNode.link. */
  constructor(host: LinkHost, memory: PeeringMemory) {
    this.name = `peer ${memory.peerId} of ${host.deviceName}`;
    this.events = createEmitter<LinkEvents>(`the link to ${this.name}`, ["up", "down", "error", "close"]);
    this.peerId = memory.peerId;
    this.own = memory.own;
    this.peer = memory.peer;
    this.#host = host;
    const ring = () => host.ring(memory.peerId, this.#peering.vector);
    this.#outbox = new Outbox(memory.own, memory.place, this.#counters, ring);
    this.#peering = new Peering(memory, {
      roster: this.#roster,
      counters: this.#counters,
      peerState: () => host.peerState(memory.peerId),
      ring,
      restarted: (control) => this.#outbox.reset(memory.peer.words, control),
      acknowledged: () => this.#outbox.ringFor(WakeBit.room),
      up: () => this.#onUp(),
      suspended: (reason) => this.#onSuspended({ reason, resumable: true, lost: 0 }),
      resumed: () => this.#onResumed(),
      down: (reason) => this.#onDown(reason),
      refusedByPeer: (fault) => this.#onRefusedByPeer(fault),
      attend: () => host.attend(),
    });
    this.#peering.session.start(host.nextEpoch());
    ring();
  }

  get status(): LinkStatus {
    if (this.#closed) return "closed";
    if (this.#peering.refused) return "refused";
    return this.#peering.isUp ? (this.#peering.suspension ?? "up") : "connecting";
  }

  get statistics(): LinkStatistics {
    const { highWaterBytes, capacity, committed } = this.#outbox.writer;
    return { ...this.#counters, ...committed, ringHighWaterBytes: highWaterBytes, ringCapacityBytes: capacity };
  }

  get sendable(): boolean {
    return this.#peering.isUp && this.#peering.suspension === undefined && this.#fault === undefined && !this.#closed;
  }

  get view(): DataView {
    return this.own.view;
  }

  get maxPayload(): number {
    return this.#outbox.writer.maxPayload;
  }

  get unacknowledgedBytes(): number {
    if (!this.#peering.isUp || this.#closed) return 0;
    try {
      return this.#outbox.writer.unacknowledgedBytes;
    } catch (error) {
      this.#keepFault(error);
      return this.#outbox.writer.heldBytes;
    }
  }

  stands(): boolean {
    return !this.#closed && this.#peering.session.stands();
  }

  attach(options: PortOptions): Port {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `The link to ${this.name} is closed; open it again`);
    this.#roster.requireFree(options.name);
    if (this.#roster.size + this.#controls.withdrawals >= MAX_CHANNELS) {
      throw new IntercellError(ErrorCode.FULL, `${this.name} has ${MAX_CHANNELS} channels, and more cannot be opened`);
    }
    const place = placeTopics(this.#host.latest, options);
    const port = new ShmPort(this, options, this.#host.takeNumber(options.name), place);
    this.#roster.add(port);
    if (this.#peering.isUp) this.#announce(port);
    this.#host.attend();
    return port;
  }

  poll(): number {
    if (this.#closed || this.#polling) return 0;
    this.#polling = true;
    try {
      this.#outbox.flush();
      if (this.#fault !== undefined) throw this.#fault;
      const handled = this.#peering.poll();
      if (this.sendable) this.#useRoom();
      return handled;
    } catch (error) {
      // A device that fails in the middle of a poll takes its memory away.
      if (this.#closed) return 0;
      if (!(error instanceof Fault)) throw error;
      this.#refuse(error);
      return 0;
    } finally {
      this.#polling = false;
      if (!this.#closed) this.#outbox.flush();
    }
  }

  flush(): void {
    if (!this.#closed) this.#outbox.flush();
  }

  explain(): string {
    return explainWaiting(this.#peering, this.#host.peerState(this.peerId));
  }

  ready(options: WaitOptions = {}): Promise<void> {
    return waitForLink(this, options, () => this.explain());
  }

  close(): void {
    // A device that fails as it rings closes the link with it.
    this.flush();
    if (this.#closed) return;
    this.#closed = true;
    this.#peering.close();
    this.#host.ring(this.peerId, this.#peering.vector);
    this.#leave();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  claim(payloadBytes: number): number {
    const { writer } = this.#outbox;
    if (payloadBytes > writer.maxPayload) throw recordTooLarge(this.name, writer, payloadBytes);
    try {
      const offset = writer.claim(payloadBytes);
      if (offset === NO_ROOM) this.#askForRoom();
      return offset;
    } catch (error) {
      this.#keepFault(error);
      return NO_ROOM;
    }
  }

  commit(kind: number, channel: number, message: number, payloadBytes: number): number {
    const sequence = this.#outbox.writer.commit(kind, channel, message, payloadBytes);
    this.#outbox.committed();
    return sequence;
  }

  lease(lease: Lease, channel: number, message: number, payloadBytes: number): boolean {
    try {
      return this.#outbox.lend(lease, RecordKind.data, channel, message, payloadBytes);
    } catch (error) {
      this.#keepFault(error);
      return false;
    }
  }

  settle(): void {
    this.#outbox.writer.settle();
  }

  commitRun(channel: number, message: number, payloads: Uint8Array, payloadBytes: number): number {
    const { writer } = this.#outbox;
    const first = writer.sequence;
    try {
      this.#outbox.commitRun(RecordKind.data, channel, message, payloads, payloadBytes);
    } catch (error) {
      this.#keepFault(error);
    }
    const records = (writer.sequence - first) >>> 0;
    if (records * payloadBytes < payloads.byteLength) this.#askForRoom();
    return records;
  }

  broadcast(channel: number, message: number, payload: Uint8Array): void {
    const { deviceName } = this.#host;
    const broadcasts = requireBroadcastRing(deviceName, this.#host.broadcasts, payload.byteLength);
    broadcasts.write(RecordKind.data, channel, message, payload);
    this.#host.ringAll();
  }

  resume(): void {
    this.#peering.resume();
  }

  detach(port: ShmPort): void {
    this.#roster.remove(port);
    const release = () => {
      this.#host.releaseNumber(port.name);
      const { writer } = this.#outbox;
      const [sessions, tail] = [this.#counters.sessions, writer.tail];
      // Not before the peer has taken the withdrawal, or cannot take it any more.
      const isOver = () => this.#closed || !this.#peering.isUp || this.#counters.sessions !== sessions;
      if (port.place.size > 0) this.#host.latest.free(port.place.offset, () => isOver() || writer.hasTaken(tail));
    };
    if (this.#peering.isUp && !this.#closed) {
      this.#controls.withdraw(port.number, release);
      this.#host.attend();
    } else {
      release();
    }
  }

  /** @internal The device is gone: closes without a word to the peer. Its memory can be read if `memoryStands`. */
  abandon(memoryStands: boolean): void {
    if (this.#closed) return;
    const lost = memoryStands && this.#peering.isUp ? this.#outbox.writer.countUnacknowledged(true) : 0;
    this.#closed = true;
    this.#peering.abandon();
    this.#outbox.abandon();
    this.#counters.lostRecords += lost;
    this.#report({ reason: "closed", resumable: false, lost });
    this.#leave();
  }

  /** @internal Rings the peer if it sleeps and waits for broadcasts. */
  ringForBroadcast(): void {
    if (this.sendable) this.#outbox.ringFor(WakeBit.data);
  }

  /** @internal Publishes what to be woken for. Returns false if there is something to do already. */
  arm(): boolean {
    const wantsRoom = this.#wantsRoom && this.sendable;
    this.#outbox.arm(wantsRoom ? WakeBit.data | WakeBit.room : WakeBit.data);
    return this.#fault === undefined && !this.#peering.hasWork && !(wantsRoom && this.#outbox.writer.hasRoomAgain);
  }

  /** @internal */
  disarm(): void {
    this.#outbox.disarm();
  }

  /** @internal The state word of the peer changed. */
  peerStateChanged(state: number): void {
    this.#peering.stateChanged(state);
  }

  /** @internal The fallback poll runs; `armed` tells whether an interrupt should have announced what it finds. */
  rescue(armed: boolean): void {
    if (this.poll() > 0 && armed) this.#counters.rescuedByPoll += 1;
  }

  /** @internal Looks at the peer's heartbeat. */
  watchHeartbeat(nowMs: number): void {
    if (!this.#closed) this.#peering.watchHeartbeat(nowMs);
  }

  #announce(port: ShmPort): void {
    this.#controls.announce(port.number, port.announcement, () => {
      port.announced = true;
      port.openIfReady();
    });
  }

  /** Sends what waits for room: announcements first, then whatever the ports have. */
  #useRoom(): void {
    if (this.#controls.length > 0 && !this.#controls.send(this)) return;
    if (!this.#wantsRoom || !this.#outbox.writer.hasRoomAgain) return;
    this.#wantsRoom = false;
    for (const port of this.#roster.ports) {
      if (port.wantsRoom && port.open) {
        port.wantsRoom = false;
        port.handler.room();
      }
    }
  }

  #askForRoom(): void {
    this.#outbox.flush();
    if (this.#wantsRoom) return;
    this.#wantsRoom = true;
    // What the peer is asked to ring for was written when nobody waited for room.
    this.#host.attend();
  }

  #onUp(): void {
    this.#counters.sessions += 1;
    for (const port of this.#roster.ports) this.#announce(port);
    if (this.#peering.suspension === undefined) {
      this.#upTold = true;
      this.events.emit("up", { epoch: this.#peering.session.peerEpoch, resumed: false });
    }
  }

  #onSuspended(down: LinkDown): void {
    for (const port of this.#roster.ports) port.suspended(down);
    if (this.#upTold) this.events.emit("down", down);
  }

  #onResumed(): void {
    for (const port of this.#roster.ports) port.resumed();
    this.events.emit("up", { epoch: this.#peering.session.peerEpoch, resumed: this.#upTold });
    this.#upTold = true;
    this.#host.attend();
  }

  #onDown(reason: LinkDownReason): () => void {
    const { writer } = this.#outbox;
    const lost = this.#peering.isUp ? writer.countUnacknowledged(this.#peering.session.leftoversStand) : 0;
    this.#counters.lostRecords += lost;
    this.#roster.forget();
    this.#controls.clear();
    this.#wantsRoom = false;
    const error = this.#breach;
    this.#breach = undefined;
    const down = { reason, resumable: false, lost };
    return () => this.#report(error === undefined ? down : { ...down, error });
  }

  #report(down: LinkDown): void {
    for (const port of [...this.#roster.ports]) port.part(down);
    if (this.#upTold) this.events.emit("down", down);
    this.#upTold = false;
  }

  #leave(): void {
    for (const port of [...this.#roster.ports]) port.close();
    this.#host.removed(this.peerId);
    this.events.emit("close");
  }

  #refuse(fault: Fault): void {
    this.#fault = undefined;
    const message = `${this.name} broke the wire protocol and is refused until it restarts. ${fault.message}`;
    const error = new IntercellError(ErrorCode.PROTOCOL, message, { cause: fault });
    this.#breach = error;
    if (!this.#peering.refuse(fault)) {
      this.#breach = undefined;
      return;
    }
    this.#counters.faults += 1;
    this.events.emit("error", error);
  }

  #onRefusedByPeer(fault: number): void {
    const message =
      `${this.name} refuses this side (${faultName(fault)}): compare the two sides' versions and device configurations, ` +
      "then restart one of them";
    this.#breach = new IntercellError(ErrorCode.PROTOCOL, message);
    this.events.emit("error", this.#breach);
  }

  /** A fault that a port met is kept for the next poll, as ports do not report. */
  #keepFault(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    this.#fault = error;
    this.#host.attend();
  }
}
