import { expect } from "vitest";
import type { Port } from "../../src/channel/link.js";
import type { IntercellError } from "../../src/errors.js";
import { Fault, type FaultCode } from "../../src/shm/fault.js";
import { openShm, type ShmLink, type ShmNode } from "../../src/shm/index.js";
import { type Attached, attach, commitBytes, type Recorder } from "../channel/link-pair.js";
import { MemoryMachine } from "../support/memory-device.js";
import { HostilePeer } from "./hostile-peer.js";

const VICTIM = 0;
const HOSTILE = 1;
const HONEST = 2;

/** A cell with a hostile peer and an honest one. Nobody looks unless told to. */
export class HostileWorld {
  readonly peer: HostilePeer;
  readonly link: ShmLink;
  readonly port: Port;
  readonly seen: Recorder;
  readonly errors: IntercellError[] = [];
  readonly #victim: ShmNode;
  readonly #honest: ShmNode;
  readonly #near: Attached;
  readonly #far: Attached;

  /** @param topicSizes of the channel with the hostile peer. */
  constructor(topicSizes: readonly number[] = []) {
    const machine = new MemoryMachine({ delivery: "manual" });
    this.#victim = openShm(machine.open(VICTIM), { wait: "manual" });
    this.#honest = openShm(machine.open(HONEST), { wait: "manual" });
    this.peer = new HostilePeer(machine, HOSTILE, VICTIM, this.#victim.geometry);
    this.link = this.#victim.link(HOSTILE);
    this.link.events.on("error", (error) => this.errors.push(error));
    ({ port: this.port, seen: this.seen } = attach(this.link, "c", 1n, topicSizes));
    this.#near = attach(this.#victim.link(HONEST));
    this.#far = attach(this.#honest.link(VICTIM));
    for (let round = 0; round < 6; round += 1) this.#pollBoth();
  }

  /** The hostile peer starts and goes through the handshake. */
  meet(): void {
    this.peer.shakeHands(() => this.#victim.poll());
    this.#victim.poll();
  }

  /** The hostile peer does its part of the handshake for the epoch that it has. */
  answer(): void {
    this.#victim.poll();
    this.peer.answer();
    for (let round = 0; round < 2; round += 1) this.#victim.poll();
  }

  /** The victim looks at all that its links are about. */
  look(): void {
    void this.port.unacknowledgedBytes;
    for (let round = 0; round < 3; round += 1) this.#victim.poll();
  }

  expectRefused(code: FaultCode): void {
    const [error] = this.errors;
    expect(this.errors).toHaveLength(1);
    expect(error).toMatchObject({ code: "ERR_PROTOCOL" });
    const fault = error?.cause;
    expect(fault).toBeInstanceOf(Fault);
    expect((fault as Fault).faultCode).toBe(code);
    expect(error?.message).toMatch(/^peer 1 of memory:0 broke the wire protocol .*\. (A|An|It|Its|Channel) .{20,}/);
    expect(this.link.status).toBe("refused");
    expect(this.peer.fault).toEqual({ code, epoch: this.peer.epoch });
    expect(this.link.statistics.faults).toBe(1);
  }

  expectOthersUnharmed(): void {
    const records = this.#far.seen.records.length;
    commitBytes(this.#near.port, [1, 2, 3]);
    commitBytes(this.#far.port, [4]);
    for (let round = 0; round < 3; round += 1) this.#pollBoth();
    expect(this.#far.seen.records.slice(records).map(({ bytes }) => bytes)).toEqual([[1, 2, 3]]);
    expect(this.#near.seen.records.at(-1)?.bytes).toEqual([4]);
  }

  close(): void {
    this.#victim.close();
    this.#honest.close();
  }

  #pollBoth(): void {
    this.#victim.poll();
    this.#honest.poll();
  }
}
