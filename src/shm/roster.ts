import { MAX_CHANNELS } from "../channel/controls.js";
import { ErrorCode, IntercellError } from "../errors.js";
import type { Announcement } from "./announcement.js";
import { Fault, FaultCode } from "./fault.js";
import type { ShmPort, TopicPlace } from "./port.js";

interface Announced {
  readonly announcement: Announcement;
  port: ShmPort | undefined;
}

/** The channels of one link: those that are open here, those that the peer announced, and which belong together. */
export class Roster {
  readonly #ports = new Map<string, ShmPort>();
  readonly #announced = new Map<number, Announced>();
  readonly #late = new Set<ShmPort>();
  #lastNumber = -1;
  #lastPort: ShmPort | undefined;

  get ports(): Iterable<ShmPort> {
    return this.#ports.values();
  }

  get size(): number {
    return this.#ports.size;
  }

  /** @throws IntercellError `ERR_IN_USE` if a channel of this name is open on the link. */
  requireFree(name: string): void {
    if (this.#ports.has(name)) {
      throw new IntercellError(
        ErrorCode.IN_USE,
        `Channel "${name}" is already open on this link; close it first or give the second one another name`,
      );
    }
  }

  /** Adds a port; {@link meetLate} brings it together with what the peer has announced before. */
  add(port: ShmPort): void {
    this.#ports.set(port.name, port);
    this.#late.add(port);
  }

  /** True if ports were added since {@link meetLate}. */
  get hasLate(): boolean {
    return this.#late.size > 0;
  }

  meetLate(region: TopicPlace): void {
    for (const port of this.#late) {
      this.#late.delete(port);
      for (const [number, announced] of this.#announced) {
        if (announced.announcement.name === port.name && this.#ports.get(port.name) === port) {
          announced.port = port;
          this.#lastNumber = -1;
          port.meet(number, announced.announcement, region);
        }
      }
    }
  }

  remove(port: ShmPort): void {
    this.#ports.delete(port.name);
    this.#late.delete(port);
    for (const announced of this.#announced.values()) {
      if (announced.port === port) {
        announced.port = undefined;
      }
    }
    this.#lastNumber = -1;
  }

  /** @throws Fault `announce` for a number or name that is announced already, or one too many. */
  announced(number: number, announcement: Announcement, region: TopicPlace): void {
    const twice = [...this.#announced.values()].some((known) => known.announcement.name === announcement.name);
    if (number === 0 || this.#announced.has(number) || twice || this.#announced.size >= MAX_CHANNELS) {
      throw new Fault(
        FaultCode.announce,
        `Channel "${announcement.name}" was announced as number ${number}, wanted a number from 1 and a name that are not ` +
          `in use, among at most ${MAX_CHANNELS}`,
      );
    }
    const port = this.#ports.get(announcement.name);
    this.#announced.set(number, { announcement, port });
    this.#lastNumber = -1;
    port?.meet(number, announcement, region);
  }

  /** @throws Fault `announce` for a number that is not announced. */
  withdrawn(number: number): void {
    const port = this.#known(number).port;
    this.#announced.delete(number);
    this.#lastNumber = -1;
    port?.part(undefined);
  }

  /**
   * The port for a record with the peer's channel number, undefined if it is not open here.
   * @throws Fault `announce` for a number that is not announced.
   */
  port(number: number): ShmPort | undefined {
    if (number !== this.#lastNumber) {
      const { port } = this.#known(number);
      this.#lastPort = port?.peerNumber === number ? port : undefined;
      this.#lastNumber = number;
    }
    return this.#lastPort;
  }

  /** The port for a broadcast, which may well be of a channel that the peer has with others only. */
  broadcastPort(number: number): ShmPort | undefined {
    const port = this.#announced.get(number)?.port;
    return port?.peerNumber === number ? port : undefined;
  }

  /** Forgets what the peer announced. */
  forget(): void {
    this.#announced.clear();
    this.#lastNumber = -1;
  }

  #known(number: number): Announced {
    const announced = this.#announced.get(number);
    if (announced === undefined) {
      throw new Fault(FaultCode.announce, `A record names channel ${number}, which was never announced`);
    }
    return announced;
  }
}
