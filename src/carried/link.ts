import { MAX_CHANNELS } from "../channel/controls.js";
import { createEmitter } from "../channel/emitter.js";
import type {
  Link,
  LinkDown,
  LinkDownReason,
  LinkEvents,
  LinkStatus,
  Port,
  PortOptions,
  PortRecordKind,
} from "../channel/link.js";
import { waitForLink } from "../channel/link-ready.js";
import type { WaitOptions } from "../channel/wait.js";
import type { TypedEmitter } from "../emitter.js";
import { ErrorCode, IntercellError } from "../errors.js";
import type { Carrier } from "./carrier.js";
import { type ControlFrame, decodeControl, encodeControl, sessionTag } from "./control-frame.js";
import { decodeDataPdu } from "./data-pdu.js";
import { LinkBreach } from "./fault.js";
import { LinkInbox } from "./inbox.js";
import type { LinkHost } from "./link-host.js";
import { LinkOutbox } from "./outbox.js";
import { LinkPeering } from "./peering.js";
import { CarriedPort, type CarriedPortHost } from "./port.js";
import { LinkRoster } from "./roster.js";
import { type CarriedLinkStatistics, createCarriedCounters } from "./statistics.js";
import { LinkStream } from "./stream.js";

/** How long a link that was closed goes on to send what was committed. */
const LINGER_NS = 1000e6;

/**
 * A link whose records something else carries (docs/can-wire.md, sections 2 to 4 and 6): sessions, channels, the window, and what
 * is sent again are its own; how a PDU gets to the peer is the {@link Carrier}'s.
 */
export class CarriedLink implements Link, CarriedPortHost {
  /** Shown in messages, such as `node 2 on can0`. */
  readonly name: string;
  readonly events: TypedEmitter<LinkEvents>;
  readonly #host: LinkHost;
  readonly #carrier: Carrier;
  readonly #peering: LinkPeering;
  readonly #stream: LinkStream;
  readonly #inbox: LinkInbox;
  readonly #outbox: LinkOutbox;
  readonly #roster = new LinkRoster();
  readonly #counters = createCarriedCounters();
  /** The application was told that the link is up in this session. */
  #upTold = false;
  #handling = false;
  #waking = false;
  #closed = false;
  #finished = false;
  #lingerUntilNs = 0;

  /** @internal Made by whoever opened the carrier, which closes with the link. */
  constructor(host: LinkHost, carrier: Carrier) {
    this.#host = host;
    this.#carrier = carrier;
    this.name = carrier.name;
    this.events = createEmitter<LinkEvents>(`the link to ${this.name}`, ["up", "down", "error", "close"]);
    const windowBytes = 2 ** host.windowPower;
    this.#stream = new LinkStream(carrier, windowBytes, host.clock, this.#counters, {
      sendable: () => this.#peering.up,
      nextLatest: () => this.#outbox.nextLatest(host.clock.elapsedNs()),
      due: () => this.#sendDue(),
    });
    const { incoming, outgoing } = this.#stream;
    this.#inbox = new LinkInbox(incoming, this.#roster, this.#counters);
    this.#outbox = new LinkOutbox(this.name, outgoing, this.#roster, this.#counters, () => this.#stream.pump());
    this.#peering = new LinkPeering(host, this.name, {
      leaving: () => this.#inbox.deliver(),
      ended: (reason, error) => this.#onEnded(reason, error),
      accepted: (epoch) => this.#onAccepted(epoch),
      opened: () => this.#onOpened(),
      stalled: () => this.#onStalled(),
      resumed: () => this.#onResumed(),
      failed: (error) => this.#onFailed(error),
      due: () => this.#sendDue(),
    });
    carrier.listen({
      control: (frame) => this.#handle(() => this.#onControl(decodeControl(frame))),
      data: (pdu) => this.#handle(() => this.#onData(pdu)),
      broadcast: (pdu) => this.#handle(() => this.#onBroadcast(pdu)),
      room: () => this.#onCarrierRoom(),
      restored: () => this.#onRestored(),
      fault: (breach) =>
        this.#handle(() => {
          throw breach;
        }),
      problem: (error) => this.#onFailed(error),
    });
    this.#sendDue();
  }

  get status(): LinkStatus {
    if (this.#closed) return "closed";
    const { session, stalled } = this.#peering;
    if (session.open) return stalled ? "stalled" : "up";
    return session.refused === 0 ? "connecting" : "refused";
  }

  get statistics(): CarriedLinkStatistics {
    const { highWaterBytes } = this.#stream.outgoing;
    const ring = { ringHighWaterBytes: highWaterBytes, ringCapacityBytes: 2 ** this.#host.windowPower };
    return { ...this.#counters, ...ring };
  }

  get view(): DataView {
    return this.#outbox.view;
  }

  get sendable(): boolean {
    return this.#peering.up && !this.#closed;
  }

  get maxTopicBytes(): number {
    return this.#carrier.maxTopicBytes;
  }

  get maxPayload(): number {
    return this.#stream.outgoing.maxPayload;
  }

  get unacknowledgedBytes(): number {
    return this.#peering.session.open && !this.#closed ? this.#stream.outgoing.unacknowledgedBytes : 0;
  }

  attach(options: PortOptions): Port {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `The link to ${this.name} is closed; open it again`);
    this.#roster.requireFree(options.name);
    if (this.#roster.size + this.#outbox.withdrawals >= MAX_CHANNELS) {
      throw new IntercellError(ErrorCode.FULL, `${this.name} has ${MAX_CHANNELS} channels, and more cannot be opened`);
    }
    const number = this.#host.takeNumber(options.name);
    let port: CarriedPort;
    try {
      port = new CarriedPort(this, options, number);
    } catch (error) {
      this.#host.releaseNumber(options.name);
      throw error;
    }
    this.#roster.add(port);
    if (this.#peering.session.open) this.#outbox.announce(port);
    this.#wake();
    return port;
  }

  poll(): number {
    if (this.#closed || this.#handling) return 0;
    let handled = 0;
    this.#handle(() => {
      this.#roster.meetLate();
      if (this.#peering.session.open) handled = this.#deliver();
    });
    return handled;
  }

  flush(): void {
    this.#stream.pump();
  }

  explain(): string {
    return this.#peering.explain() ?? this.#carrier.explain(this.#peering.known);
  }

  ready(options: WaitOptions = {}): Promise<void> {
    return waitForLink(this, options, () => this.explain());
  }

  close(): void {
    if (this.#closed) return;
    const lingers = this.#peering.up && !this.#stream.drained;
    if (lingers) this.#lingerUntilNs = this.#host.clock.elapsedNs() + LINGER_NS;
    this.flush();
    this.#leave();
    if (!lingers) this.finish();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  claim(port: CarriedPort, payloadBytes: number): number {
    return this.#outbox.claim(port, payloadBytes);
  }

  commit(port: CarriedPort, kind: PortRecordKind, message: number, lengthBytes: number): number {
    return this.#outbox.commit(port, kind, message, lengthBytes);
  }

  published(): void {
    this.#outbox.publishSoon();
  }

  broadcast(port: CarriedPort, message: number, payload: Uint8Array): void {
    this.#carrier.broadcast(port.number, message, payload);
  }

  resume(): void {
    this.#inbox.resume();
    this.#wake();
  }

  detach(port: CarriedPort): void {
    this.#roster.remove(port);
    const release = () => this.#host.releaseNumber(port.name);
    if (this.#peering.session.open && !this.#closed) {
      this.#outbox.withdraw(port, release);
      this.#wake();
    } else release();
  }

  /** @internal Does what time brings. */
  tick(nowNs: number): void {
    if (this.#finished) return;
    const over = this.#stream.drained || !this.#peering.up || nowNs >= this.#lingerUntilNs;
    if (this.#closed && over) {
      this.finish();
      return;
    }
    this.#handle(() => {
      this.#peering.tick(nowNs);
      this.#stream.tick(nowNs);
    });
  }

  /** @internal Begins a session anew, as {@link LinkPeering.renew} says. */
  renew(): void {
    if (!this.#closed) this.#peering.renew();
  }

  /** @internal The carrier is gone: closes without a word to the peer. */
  abandon(): void {
    if (!this.#closed) this.#leave();
    this.#end();
  }

  /** @internal Says goodbye and ends for good. */
  finish(): void {
    if (this.#finished) return;
    this.#carrier.sendLast(encodeControl(this.#peering.goodbye()));
    this.#end();
  }

  #end(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#stream.end();
    this.#peering.session.end();
    this.#carrier.close();
    this.#host.finished();
  }

  /** The link is closed to the application. */
  #leave(): void {
    const { open } = this.#peering.session;
    const lost = open ? this.#stream.outgoing.unacknowledgedRecords : 0;
    this.#counters.lostRecords += lost;
    this.#closed = true;
    this.#inbox.reset();
    this.#report({ reason: "closed", resumable: false, lost });
    for (const port of this.#roster.ports) port.close();
    this.#outbox.clear();
    this.#host.removed();
    this.events.emit("close");
  }

  /** Runs what an event of the bus brings; a breach of the protocol refuses the peer. */
  #handle(action: () => void): void {
    if (this.#handling || this.#finished) return;
    this.#handling = true;
    try {
      action();
      if (this.sendable) this.#outbox.useRoom();
    } catch (error) {
      if (!(error instanceof LinkBreach)) throw error;
      this.#counters.faults += 1;
      this.#peering.refuse(error);
    } finally {
      this.#handling = false;
    }
    this.#sendDue();
    this.#stream.pump();
  }

  /** Sends the control frames that are due. */
  #sendDue(): void {
    if (this.#finished) return;
    const send = (frame: ControlFrame): boolean => this.#carrier.sendControl(encodeControl(frame));
    this.#peering.sendDue(send);
    this.#stream.sendDue(send);
    this.#inbox.sendDue(send);
  }

  #onCarrierRoom(): void {
    this.#sendDue();
    this.#stream.pump();
  }

  #onRestored(): void {
    if (this.#finished) return;
    this.#peering.greet();
    if (this.#peering.session.open) this.#stream.restart();
    this.#onCarrierRoom();
  }

  #wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      this.poll();
    });
  }

  #deliver(): number {
    this.#roster.meetLate();
    const handled = this.#inbox.deliver();
    if (this.#peering.session.open) this.#stream.noteTaken();
    return handled;
  }

  #onControl(frame: ControlFrame): void {
    if (frame.type === "hello") this.#peering.hello(frame);
    else if (frame.type === "refuse") this.#peering.refusedByPeer(frame);
    else this.#onCursor(frame);
  }

  #onCursor(frame: Extract<ControlFrame, { tag: number }>): void {
    const tag = frame.type === "probe" ? this.#stream.receiveTag : this.#stream.sendTag;
    if (!this.#peering.session.open || frame.tag !== tag) return;
    this.#peering.heard();
    if (frame.type !== "held") this.#stream.control(frame.type, frame.cursor);
    else
      for (const port of this.#roster.ports)
        if (port.number === frame.channel) port.latest.held(frame.topic, frame.count);
  }

  #onData(bytes: Uint8Array): void {
    const pdu = decodeDataPdu(bytes);
    if (!this.#peering.session.open || pdu.tag !== this.#stream.receiveTag || this.#closed) {
      this.#counters.stalePdus += 1;
      return;
    }
    this.#peering.heard();
    if (pdu.type === "latest") this.#inbox.takeLatest(pdu);
    else if (this.#stream.receive(pdu.cursor, pdu.bytes)) this.#deliver();
  }

  #onBroadcast(bytes: Uint8Array): void {
    if (this.#peering.session.open && !this.#closed) this.#inbox.takeBroadcast(bytes);
  }

  #onAccepted(epoch: number): void {
    const { session } = this.#peering;
    this.#stream.begin(sessionTag(session.epoch, epoch), sessionTag(epoch, session.epoch));
    this.#inbox.reset();
  }

  #onOpened(): void {
    if (this.#closed) return;
    this.#counters.sessions += 1;
    for (const port of this.#roster.ports) this.#outbox.announce(port);
    this.#upTold = true;
    this.events.emit("up", { epoch: this.#peering.session.accepted, resumed: false });
  }

  #onStalled(): void {
    const down: LinkDown = { reason: "stalled", resumable: true, lost: 0 };
    for (const port of this.#roster.ports) port.suspended(down);
    if (!this.#closed) this.events.emit("down", down);
  }

  #onResumed(): void {
    for (const port of this.#roster.ports) port.resumed();
    if (!this.#closed) this.events.emit("up", { epoch: this.#peering.session.accepted, resumed: true });
  }

  #onEnded(reason: LinkDownReason, error: IntercellError | undefined): void {
    const lost = this.#upTold ? this.#stream.outgoing.unacknowledgedRecords : 0;
    this.#counters.lostRecords += lost;
    this.#stream.end();
    this.#inbox.reset();
    this.#roster.forget();
    this.#outbox.clear();
    this.#report({ reason, resumable: false, lost, ...(error === undefined ? {} : { error }) });
  }

  #onFailed(error: IntercellError): void {
    if (!this.#closed) this.events.emit("error", error);
  }

  #report(down: LinkDown): void {
    for (const port of this.#roster.ports) port.part(down);
    if (this.#upTold) this.events.emit("down", down);
    this.#upTold = false;
  }
}
