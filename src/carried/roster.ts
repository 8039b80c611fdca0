import { MAX_CHANNELS } from "../channel/controls.js";
import type { PortAnnouncement } from "../channel/link.js";
import { ErrorCode, IntercellError } from "../errors.js";
import { LinkBreach, LinkFault } from "./fault.js";
import type { CarriedPort } from "./port.js";

/** The channels of one link: those that are open here, and those that the peer announced. */
export class LinkRoster {
  readonly #ports = new Map<string, CarriedPort>();
  readonly #announced = new Map<number, PortAnnouncement>();
  readonly #numbers = new Map<string, number>();
  /** Ports that were added and have not met what the peer announced before. */
  readonly #late = new Set<CarriedPort>();

  /** A copy, as handlers open and close channels. */
  get ports(): readonly CarriedPort[] {
    return [...this.#ports.values()];
  }

  get size(): number {
    return this.#ports.size;
  }

  /** @throws IntercellError `ERR_IN_USE` if a channel of this name is open on the link. */
  requireFree(name: string): void {
    if (!this.#ports.has(name)) return;
    const advice = "close it first or give the second one another name";
    throw new IntercellError(ErrorCode.IN_USE, `Channel "${name}" is already open on this link; ${advice}`);
  }

  /** Adds a port; {@link meetLate} brings it together with what the peer has announced before. */
  add(port: CarriedPort): void {
    this.#ports.set(port.name, port);
    this.#late.add(port);
  }

  remove(port: CarriedPort): void {
    if (this.#ports.get(port.name) === port) this.#ports.delete(port.name);
    this.#late.delete(port);
  }

  meetLate(): void {
    for (const port of this.#late) {
      this.#late.delete(port);
      const number = this.#numbers.get(port.name);
      const announcement = number === undefined ? undefined : this.#announced.get(number);
      if (number !== undefined && announcement !== undefined) port.meet(number, announcement);
    }
  }

  /** @throws LinkBreach `announce` for a number or name that is announced already, or one too many. */
  announced(number: number, announcement: PortAnnouncement): void {
    const { name } = announcement;
    const used = this.#announced.has(number) || this.#numbers.has(name);
    if (number === 0 || used || this.#announced.size >= MAX_CHANNELS) {
      const wanted = `a number from 1 and a name that are not in use, among at most ${MAX_CHANNELS}`;
      throw new LinkBreach(LinkFault.announce, `Channel "${name}" was announced as number ${number}, wanted ${wanted}`);
    }
    this.#announced.set(number, announcement);
    this.#numbers.set(name, number);
    const port = this.#ports.get(name);
    if (port === undefined) return;
    this.#late.delete(port);
    port.meet(number, announcement);
  }

  /** @throws LinkBreach `announce` for a number that is not announced. */
  withdrawn(number: number): void {
    const { name } = this.#require(number);
    this.#announced.delete(number);
    this.#numbers.delete(name);
    this.#ports.get(name)?.withdrawn();
  }

  /**
   * The port for what has the peer's channel number, undefined if it is not open here.
   *
   * @throws LinkBreach `announce` for a number that is not announced.
   */
  port(number: number): CarriedPort | undefined {
    return this.#matching(this.#require(number).name, number);
  }

  /** Whether the peer has announced a channel of this number. */
  knows(number: number): boolean {
    return this.#announced.has(number);
  }

  /** The same for a broadcast or latest value, whose channel need not have been announced here. */
  openPort(number: number): CarriedPort | undefined {
    const announcement = this.#announced.get(number);
    return announcement && this.#matching(announcement.name, number);
  }

  /** Forgets what the peer announced. */
  forget(): void {
    this.#announced.clear();
    this.#numbers.clear();
  }

  #matching(name: string, number: number): CarriedPort | undefined {
    const port = this.#ports.get(name);
    return port?.peerNumber === number ? port : undefined;
  }

  #require(number: number): PortAnnouncement {
    const announcement = this.#announced.get(number);
    if (announcement !== undefined) return announcement;
    throw new LinkBreach(LinkFault.announce, `A record names channel ${number}, which was never announced`);
  }
}
