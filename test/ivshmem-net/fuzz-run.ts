import { expect } from "vitest";
import { NetState } from "../../src/ivshmem-net/state.js";
import { turns } from "../channel/until.js";
import { setAccessHook } from "./hooked-access.js";
import { HostileNet } from "./hostile-net.js";
import { makeFrame } from "./net-pair.js";

/** Deeds of the two sides in one run. */
const STEPS = 60;

/** Sections of one queue length each: of the fall-through, the least and a larger one. */
const sections = [0x1000, 0x2000, 0x4000];

/** Numbers from a seed (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An integer from 0 up to but without `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

/** A peer that does much of what an honest one does, and rewrites its section between any two accesses of the victim. */
class FuzzPeer {
  readonly world: HostileNet;
  readonly #chance: Chance;
  #announced = 0;
  #completed = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.world = new HostileNet(chance.pick(sections));
  }

  /** Overwrites a field that matters, or any word. */
  rewrite(): void {
    const { section, geometry } = this.world;
    const chance = this.#chance;
    const value = chance.pick([
      0,
      1,
      2,
      13,
      14,
      60,
      0x7f,
      0x700,
      0x8000,
      0xffff,
      0x1_0000,
      0xffff_ffff,
      chance.below(2 ** 32),
    ]);
    const descriptor = chance.below(geometry.queueLength);
    const place = chance.pick([
      ...[geometry.availOffset + 2, geometry.usedOffset + 2, geometry.availOffset + 4 + 2 * descriptor],
      ...[geometry.usedEventOffset, geometry.availEventOffset],
    ]);
    switch (chance.below(4)) {
      case 0:
        section.setUint16(place, value & 0xffff, true);
        break;
      case 1:
        section.setUint32(16 * descriptor + 4 * chance.below(3), value, true);
        break;
      case 2:
        section.setUint32(geometry.usedOffset + 4 + 8 * descriptor + 4 * chance.below(2), value, true);
        break;
      default:
        section.setUint32(4 * chance.below(section.byteLength / 4), value, true);
    }
  }

  /** One deed of either side. */
  act(): void {
    const { world } = this;
    const chance = this.#chance;
    switch (chance.below(8)) {
      case 0:
        world.machine.setState(1, chance.pick([0, 1, 2, 3, 3, 3, 0xffff_ffff]));
        break;
      case 1:
        for (let frame = chance.below(40); frame >= 0; frame--) this.#announce();
        world.setAvail(this.#announced & 0xffff);
        break;
      case 2:
        for (let frame = chance.below(8); frame >= 0; frame--) this.#complete();
        world.setUsed(this.#completed & 0xffff);
        break;
      case 3:
        this.rewrite();
        break;
      default:
        for (let frame = chance.below(4); frame >= 0; frame--) {
          world.net.trySend(makeFrame(14 + chance.below(world.net.maxFrameBytes - 13)));
        }
    }
    world.machine.interrupt(0);
    world.machine.deliver();
  }

  async comeUp(): Promise<void> {
    this.#announced = 0;
    this.#completed = 0;
    await this.world.comeUp();
  }

  #announce(): void {
    const { geometry } = this.world;
    const length = 14 + this.#chance.below(this.world.net.maxFrameBytes - 13);
    const address = geometry.dataOffset + 64 * this.#chance.below(Math.floor((geometry.dataBytes - length) / 64));
    this.world.describe(this.#announced, this.#announced % geometry.queueLength, BigInt(address), length);
    this.#announced++;
  }

  #complete(): void {
    this.world.complete(this.#completed, this.#completed % this.world.geometry.queueLength, 1);
    this.#completed++;
  }
}

/** What one run came to, so that a test can tell that the runs are not idle. */
export interface FuzzOutcome {
  readonly frames: number;
  readonly faults: number;
  readonly ups: number;
}

/**
 * One run: the peer is let loose, then begins anew honestly. Whatever it did, the endpoint stands, every frame that came out
 * has a length that a frame can have, every error is a breach of the protocol, and frames flow in the end.
 */
export async function fuzzNet(seed: number): Promise<FuzzOutcome> {
  const chance = new Chance(seed);
  const peer = new FuzzPeer(chance);
  const { world } = peer;
  await peer.comeUp();
  const oneIn = chance.pick([2, 10, 100, 1000]);
  setAccessHook(() => {
    if (chance.below(oneIn) === 0) peer.rewrite();
  });
  try {
    for (let step = 0; step < STEPS; step++) {
      if (!world.net.up && chance.below(4) === 0) await peer.comeUp();
      peer.act();
      if (step % 10 === 9) await turns(1);
    }
  } finally {
    setAccessHook(undefined);
  }
  for (const { byteLength } of world.frames) {
    expect(byteLength).toBeGreaterThanOrEqual(14);
    expect(byteLength).toBeLessThanOrEqual(world.net.maxFrameBytes);
  }
  expect(world.errors.filter(({ code }) => code !== "ERR_PROTOCOL")).toEqual([]);
  const { rxFrames, faults, ups } = world.net.statistics;
  await endHonestly(peer);
  return { frames: rxFrames, faults, ups };
}

async function endHonestly(peer: FuzzPeer): Promise<void> {
  const { world } = peer;
  await world.setState(NetState.RESET);
  await peer.comeUp();
  expect([world.net.up, world.net.closed]).toEqual([true, false]);
  const before = world.frames.length;
  world.describe(0, 0, BigInt(world.geometry.dataOffset), 60);
  world.setAvail(1);
  await world.look();
  expect(world.frames).toHaveLength(before + 1);
  expect(world.net.trySend(makeFrame(60))).toBe(true);
  world.net.close();
}
