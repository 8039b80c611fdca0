import { type CanBus, type CanNode, openCan } from "../can/index.js";
import { type Channel, type Link, type LinkDown, type LinkUp, openChannel } from "../channel/index.js";
import type { Infer } from "../schema/index.js";
import { type Age, ClockOffset } from "./clock-offset.js";
import { type Forwarded, type JitterCanDefinition, jitterCanProtocol } from "./jitter-can-protocol.js";
import { PI_A, PI_B } from "./jitter-gateway.js";
import type { Statistics } from "./jitter-protocol.js";
import { type RoundTrips, summariseRoundTrips } from "./round-trips.js";
import { TickCount } from "./tick-count.js";
import { Watched } from "./watched.js";

/** How often Pi A is asked for its time. */
const CLOCK_PERIOD_MS = 500;

/** What {@link JitterDisplay} tells. */
export interface DisplayListener {
  measured(measurement: Infer<typeof Forwarded>, age: Age | undefined): void;
  up(up: LinkUp): void;
  down(down: LinkDown): void;
}

/** What {@link JitterDisplay} counted. */
export interface DisplayCounts {
  readonly messages: number;
  /** Ticks of the inmate that are missing though Pi A was there all the time. */
  readonly lost: number;
  readonly repeated: number;
  /** Ticks that the inmate had while Pi A was away: nobody promised them. */
  readonly missed: number;
  readonly sessions: number;
  readonly undecodable: number;
}

/** Pi B of the demo: takes what Pi A forwards over CAN, finds out how old it is, and counts what is missing. */
export class JitterDisplay {
  readonly channel: Channel<JitterCanDefinition>;
  readonly link: Link;
  readonly ticks = new TickCount();
  readonly watched = new Watched(() => `the link is ${this.link.status}, ${this.ticks.messages} measurements came`);
  readonly #node: CanNode;
  readonly #listener: DisplayListener;
  readonly #offset = new ClockOffset();
  readonly #timer: NodeJS.Timeout;
  /** Nothing has come in this session. */
  #fresh = true;
  #run = 0;
  #missed = 0;
  #closed = false;

  constructor(bus: CanBus, listener: DisplayListener) {
    this.#listener = listener;
    this.#node = openCan(bus, { node: PI_B });
    this.link = this.#node.link(PI_A);
    this.channel = openChannel(this.link, jitterCanProtocol);
    this.#follow();
    this.#timer = setInterval(() => this.#readClock(), CLOCK_PERIOD_MS);
  }

  get counts(): DisplayCounts {
    const { messages, lost, repeated } = this.ticks;
    const { undecodable, link } = this.channel.statistics;
    return { messages, lost, repeated, missed: this.#missed, sessions: link.sessions, undecodable };
  }

  /** Asks for the inmate's statistics, which begin anew. Pi A asks the inmate. */
  async askStatistics(signal: AbortSignal): Promise<Infer<typeof Statistics>> {
    return await this.channel.request("reset", { lastTick: this.ticks.last }, { signal });
  }

  /** Asks Pi A for its time, one request after the other, and takes the time of each. */
  async measureRoundTrips(count: number, signal: AbortSignal): Promise<RoundTrips> {
    const timesNs: number[] = [];
    for (let number = 0; number < count; number++) timesNs.push(await this.#askClock(signal));
    return summariseRoundTrips(timesNs);
  }

  /** Idempotent. The bus stays open. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#node.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #follow(): void {
    const fail = (error: Error): void => this.watched.fail(error);
    this.#node.events.on("error", fail).on("conflict", fail);
    this.link.events.on("error", fail);
    this.channel.events
      .on("mismatch", fail)
      .on("error", fail)
      .on("open", () => {
        this.#readClock();
        this.watched.look();
      });
    this.link.events.on("up", (up) => {
      if (!up.resumed) {
        this.#fresh = true;
        this.#offset.clear();
      }
      this.#listener.up(up);
      this.watched.look();
    });
    this.link.events.on("down", (down) => {
      if (this.#closed) return;
      this.#listener.down(down);
      this.watched.look();
    });
    this.channel.messages.on("measurement", (measurement) => this.#take(measurement));
  }

  #take(measurement: Infer<typeof Forwarded>): void {
    const nowNs = process.hrtime.bigint();
    const { run, tick, takenNs } = measurement;
    if (run !== this.#run) {
      // The first that is heard of a run stands for the beginning, unless Pi A was there since that began.
      this.ticks.begin(this.#fresh ? tick - 1 : 0);
    } else if (this.#fresh) {
      this.#missed += Math.max(0, tick - this.ticks.last - 1);
      this.ticks.begin(tick - 1);
    }
    this.#run = run;
    this.#fresh = false;
    this.ticks.add(tick);
    this.#listener.measured(measurement, this.#offset.age(takenNs, nowNs));
    this.watched.look();
  }

  /** In passing: what goes wrong shows in the link. */
  #readClock(): void {
    if (this.channel.status === "open") this.#askClock().catch(() => {});
  }

  /** Gives the time that it took. */
  async #askClock(signal?: AbortSignal): Promise<number> {
    const askedNs = process.hrtime.bigint();
    const { nowNs } = await this.channel.request("clock", { number: this.ticks.messages }, signal && { signal });
    const answeredNs = process.hrtime.bigint();
    this.#offset.add(askedNs, nowNs, answeredNs);
    return Number(answeredNs - askedNs);
  }
}
