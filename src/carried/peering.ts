import type { LinkDownReason } from "../channel/link.js";
import { ErrorCode, IntercellError } from "../errors.js";
import type { ControlFrame } from "./control-frame.js";
import { LinkBreach, LinkFault, linkFaultName } from "./fault.js";
import { type LinkHost, TICK_NS } from "./link-host.js";
import { LinkSession } from "./session.js";

type Hello = Extract<ControlFrame, { type: "hello" }>;
type Refuse = Extract<ControlFrame, { type: "refuse" }>;

/** Time between two looks from which on this process is taken to have been stopped in between. */
const PAUSE_NS = 2 * TICK_NS;

/** What the peering of a link tells it, in the order in which it happens. */
export interface PeeringHooks {
  /** The peer's next life begins: what its old one has sent is to be read now or never. */
  leaving(): void;
  /** The session is over. */
  ended(reason: LinkDownReason, error?: IntercellError): void;
  /** The peer's epoch was accepted: the streams start from nothing. */
  accepted(peerEpoch: number): void;
  /** Both sides have accepted each other. */
  opened(): void;
  stalled(): void;
  resumed(): void;
  /** The peer refuses this side, or is refused. */
  failed(error: IntercellError): void;
  /** Control frames are due. */
  due(): void;
}

/** Whether the peer is there, and in which session: hellos, refusals, and how long nothing was heard. */
export class LinkPeering {
  #session: LinkSession;
  readonly #host: LinkHost;
  readonly #peerName: string;
  readonly #hooks: PeeringHooks;
  #helloDue = true;
  #refuseDue: Refuse | undefined;
  #stalled = false;
  #heardNs: number;
  #tickNs: number;
  #helloNs: number;
  #known = false;
  #breachTold = false;

  constructor(host: LinkHost, peerName: string, hooks: PeeringHooks) {
    this.#host = host;
    this.#peerName = peerName;
    this.#hooks = hooks;
    this.#session = new LinkSession(host.nextEpoch());
    this.#heardNs = host.clock.elapsedNs();
    this.#helloNs = this.#heardNs;
    this.#tickNs = this.#heardNs;
  }

  get session(): LinkSession {
    return this.#session;
  }

  /** Whether anything was ever heard of the peer. */
  get known(): boolean {
    return this.#known;
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  /** Session up and the peer there. */
  get up(): boolean {
    return this.session.open && !this.#stalled;
  }

  /** Says why the link is not up, if that is for want of agreement. */
  explain(): string | undefined {
    if (this.session.refused !== 0) return "the peer broke the protocol; restart it";
    if (this.session.refusedBy !== 0) return "it refuses this side; compare versions and options, restart one of them";
    return undefined;
  }

  /** @throws LinkBreach `window` */
  hello({ epoch, echo, windowPower }: Hello): void {
    this.#known = true;
    const { session } = this;
    const old = [0, session.accepted, session.refused, session.refusedBy];
    const news = !old.includes(epoch);
    if (session.open && epoch !== session.accepted) this.#hooks.leaving();
    const change = session.hello(epoch, echo);
    if (change.ended !== undefined) this.#end(change.ended);
    if (news && windowPower !== this.#host.windowPower) {
      const wanted = `wanted 2^${this.#host.windowPower}: open all with the same windowBytes`;
      throw new LinkBreach(LinkFault.window, `Its window has 2^${windowPower} bytes, ${wanted}`);
    }
    if (change.accepted) {
      this.#breachTold = false;
      this.#hooks.accepted(epoch);
    }
    if (session.accepted !== 0) this.heard();
    if (change.opened) {
      session.refused = 0;
      this.#hooks.opened();
    }
    if (change.answer) {
      this.#helloDue = true;
      this.#hooks.due();
    }
  }

  refusedByPeer({ fault, epoch, refused }: Refuse): void {
    if (refused !== this.session.epoch || epoch === this.session.refusedBy) return;
    const advice = "compare the two sides' versions and options, then restart one of them";
    const message = `${this.#peerName} refuses this side (${linkFaultName(fault)}): ${advice}`;
    const error = new IntercellError(ErrorCode.PROTOCOL, message);
    this.session.refusedBy = epoch;
    if (this.session.accepted !== 0) {
      this.session.end();
      this.#end("peer refused", error);
    }
    this.#hooks.failed(error);
  }

  /** The peer broke the protocol in its session, or on its way to one: it is refused until it starts anew. */
  refuse(breach: LinkBreach): void {
    const { accepted } = this.session;
    const message = `${this.#peerName} broke the protocol and is refused until it restarts. ${breach.message}`;
    const error = new IntercellError(ErrorCode.PROTOCOL, message, { cause: breach });
    if (accepted !== 0) {
      this.session.refused = accepted;
      this.#refuseDue = { type: "refuse", fault: breach.fault, epoch: this.session.epoch, refused: accepted };
      this.session.end();
      this.#end("fault", error);
    }
    // Nonsense that comes without a session is told once.
    if (accepted === 0 && this.#breachTold) return;
    this.#breachTold = accepted === 0;
    this.#hooks.failed(error);
    this.#hooks.due();
  }

  /**
   * This side begins anew, with another epoch: somebody else has spoken in its name, so that neither side can tell what it said
   * and heard from what the other did.
   */
  renew(): void {
    const wasAccepted = this.session.accepted !== 0;
    this.session.end();
    if (wasAccepted) this.#end("restarted");
    this.#session = new LinkSession(this.#host.nextEpoch());
    this.#refuseDue = undefined;
    this.#breachTold = false;
    this.#helloDue = true;
    this.#hooks.due();
  }

  /** A sign of life that belongs to the session. */
  heard(): void {
    this.#heardNs = this.#host.clock.elapsedNs();
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#hooks.resumed();
  }

  /** Says hello soon, as the peer may have missed what was said. */
  greet(): void {
    this.#helloDue = true;
  }

  /** Does what time brings. */
  tick(nowNs: number): void {
    // A peer is missed for as long as this side has listened: a pause of the whole machine has stopped the peer as well.
    const pauseNs = Math.max(0, nowNs - this.#tickNs - PAUSE_NS);
    this.#heardNs = Math.min(nowNs, this.#heardNs + pauseNs);
    this.#tickNs = nowNs;
    if (nowNs - this.#helloNs >= this.#host.heartbeatNs) {
      this.#helloNs = nowNs;
      this.#helloDue = true;
    }
    if (this.up && nowNs - this.#heardNs >= this.#host.stallNs) {
      this.#stalled = true;
      this.#hooks.stalled();
    }
  }

  /** Sends the control frames that are due, as far as `send` takes them. */
  sendDue(send: (frame: ControlFrame) => boolean): void {
    if (this.#helloDue) this.#helloDue = !send(this.#hello(this.session.epoch, this.session.accepted));
    if (this.#refuseDue !== undefined && send(this.#refuseDue)) this.#refuseDue = undefined;
  }

  /** What a side says as it leaves. */
  goodbye(): ControlFrame {
    return this.#hello(0, 0);
  }

  #hello(epoch: number, echo: number): Hello {
    return { type: "hello", windowPower: this.#host.windowPower, epoch, echo };
  }

  #end(reason: LinkDownReason, error?: IntercellError): void {
    this.#stalled = false;
    this.#hooks.ended(reason, error);
  }
}
