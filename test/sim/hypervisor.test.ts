import { readSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createSimRegisters,
  type Descriptor,
  mapMemory,
  type Registers,
  unmapMemory,
  unmapRegisters,
  writeRegister,
} from "../../src/native.js";
import { deviceGeometry } from "../../src/sim/geometry.js";
import { HypervisorDevice } from "../../src/sim/hypervisor.js";
import { doorbellValue, Register } from "../../src/uio/index.js";

const PEERS = 3;

interface PeerModel {
  present: boolean;
  intControl: number;
  state: number;
  lost: number;
  delivered: number;
  pending: number;
}

/** The specification of interrupts and state in as few words as possible. */
class Model {
  readonly peers: PeerModel[] = Array.from({ length: PEERS }, () => ({
    ...{ present: false, intControl: 0, state: 0, lost: 0, delivered: 0, pending: 0 },
  }));

  peer(id: number): PeerModel {
    return this.peers[id] ?? expect.unreachable(`no peer ${id}`);
  }

  deliver(target: number, isVector: boolean): void {
    const peer = this.peers[target];
    if (!peer?.present) return;
    if (peer.intControl === 0) {
      peer.lost += 1;
      return;
    }
    peer.intControl = 0;
    if (!isVector) return;
    peer.delivered += 1;
    peer.pending += 1;
  }

  setState(self: number, value: number): void {
    const changed = this.peer(self).state !== value;
    this.peer(self).state = value;
    for (let other = 0; changed && other < PEERS; other++) if (other !== self) this.deliver(other, true);
  }
}

/** The device and its model side by side, driven by the same steps. */
class Bench {
  readonly model = new Model();
  readonly #device: HypervisorDevice;
  readonly #vectors: number;
  readonly #registers = new Map<number, Registers>();
  readonly #eventfds: Descriptor[] = [];

  constructor(vectors: number) {
    this.#vectors = vectors;
    this.#device = new HypervisorDevice("model", deviceGeometry({ vectors }));
  }

  plug(peer: number): void {
    if (this.#registers.has(peer)) return;
    const descriptors = this.#device.attach(peer);
    const [hypervisor = -1, stateTable = -1] = descriptors;
    const eventfds = descriptors.slice(3, 3 + PEERS);
    this.#eventfds.splice(0, PEERS, ...eventfds);
    this.#registers.set(peer, createSimRegisters({ hypervisor, stateTable, peer, eventfds }));
    Object.assign(this.model.peer(peer), { present: true, intControl: 0, pending: 0 });
  }

  unplug(peer: number, keepState: boolean): void {
    this.#device.detach(peer, { keepState });
    const registers = this.#registers.get(peer);
    if (registers !== undefined) unmapRegisters(registers);
    this.#registers.delete(peer);
    Object.assign(this.model.peer(peer), { present: false, intControl: 0 });
    if (!keepState) this.model.setState(peer, 0);
  }

  arm(peer: number, value: number): void {
    if (this.#write(peer, Register.INT_CONTROL, value)) this.model.peer(peer).intControl = value & 1;
  }

  ring(peer: number, target: number, vector: number): void {
    if (!this.#write(peer, Register.DOORBELL, doorbellValue(target, vector))) return;
    this.model.deliver(target, vector < Math.max(1, this.#vectors));
  }

  setState(peer: number, value: number): void {
    if (this.#write(peer, Register.STATE, value)) this.model.setState(peer, value);
  }

  take(peer: number): void {
    const { model } = this;
    if (!this.#registers.has(peer)) return;
    const count = new BigUint64Array(1);
    try {
      readSync(this.#eventfds[peer] ?? -1, count);
    } catch (error) {
      expect(error).toMatchObject({ code: "EAGAIN" });
    }
    expect(Number(count[0])).toBe(model.peer(peer).pending);
    model.peer(peer).pending = 0;
  }

  compare(): void {
    expect(this.#device.inspect()).toEqual(this.model.peers.map(({ pending: _, ...peer }) => peer));
  }

  close(): void {
    for (const registers of this.#registers.values()) unmapRegisters(registers);
    this.#device.close();
  }

  #write(peer: number, offsetBytes: number, value: number): boolean {
    const registers = this.#registers.get(peer);
    if (registers === undefined) return false;
    writeRegister(registers, offsetBytes, value);
    return true;
  }
}

const peer = fc.nat({ max: PEERS - 1 });
const target = fc.oneof({ weight: 5, arbitrary: peer }, { weight: 1, arbitrary: fc.nat({ max: 0xffff }) });
const state = fc.oneof(fc.nat({ max: 2 }), fc.integer({ min: 0, max: 0xffffffff }));
const step = fc.oneof(
  fc.tuple(fc.constant("plug" as const), peer),
  fc.tuple(fc.constant("unplug" as const), peer, fc.boolean()),
  fc.tuple(fc.constant("arm" as const), peer, state),
  fc.tuple(fc.constant("ring" as const), peer, target, fc.nat({ max: 4 })),
  fc.tuple(fc.constant("setState" as const), peer, state),
  fc.tuple(fc.constant("take" as const), peer),
);

describe("HypervisorDevice", () => {
  test("attach() gives descriptors that can be mapped for writing for the own section and the R/W section only", () => {
    const device = new HypervisorDevice("rights", deviceGeometry({}));
    const granted = device.attach(1).slice(2);
    const isWritable = (descriptor: Descriptor, sizeBytes: number) => {
      try {
        unmapMemory(mapMemory(descriptor, { sizeBytes, writable: true }));
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: "EACCES" });
        return false;
      }
    };
    const [stateTable = -1, , , , rwSection = -1, ...outputs] = granted;
    expect([isWritable(stateTable, 0x1000), isWritable(rwSection, 0x9000)]).toEqual([false, true]);
    expect(outputs.map((output) => isWritable(output, 0x2000))).toEqual([false, false, false, true]);
    device.close();
  });

  test("does with any steps what the specification says", () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 3), fc.array(step, { maxLength: 60 }), (vectors, steps) => {
        const bench = new Bench(vectors);
        try {
          for (let id = 0; id < PEERS; id++) bench.plug(id);
          for (const [name, ...parameters] of steps) {
            (bench[name] as (...parameters: unknown[]) => void)(...parameters);
            bench.compare();
          }
          for (let id = 0; id < PEERS; id++) bench.take(id);
        } finally {
          bench.close();
        }
      }),
      { numRuns: 200 },
    );
  });
});
