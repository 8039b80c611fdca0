import { describe, expect, test } from "vitest";
import { NetState } from "../../src/ivshmem-net/state.js";
import { turns } from "../channel/until.js";
import { HostileNet } from "./hostile-net.js";
import { makeFrame } from "./net-pair.js";

const SECTION_BYTES = 0x2000;
const DATA = 0x700n;
const QUEUE = 32;

type Deed = (peer: HostileNet) => void;

/** What a peer may not do, and what the message names. */
const breaches: readonly [name: string, named: RegExp, deed: Deed][] = [
  ["a descriptor beyond the table", /announced descriptor 32 of 32/, (peer) => peer.describe(0, QUEUE, DATA, 60)],
  ["descriptor 65535", /announced descriptor 65535/, (peer) => peer.describe(0, 0xffff, DATA, 60)],
  ["an address before the frames", /60 bytes at 0x6ff/, (peer) => peer.describe(0, 0, DATA - 1n, 60)],
  ["an address of 0", /60 bytes at 0x0,/, (peer) => peer.describe(0, 0, 0n, 60)],
  ["an address behind the section", /at 0x2001/, (peer) => peer.describe(0, 0, 0x2001n, 0)],
  ["a frame that ends behind the section", /61 bytes at 0x1fc4/, (peer) => peer.describe(0, 0, 0x1fc4n, 61)],
  ["a length of 4 GiB", /4294967295 bytes/, (peer) => peer.describe(0, 0, DATA, 0xffff_ffff)],
  ["an address above 4 GiB", /at 0x100000700/, (peer) => peer.describe(0, 0, DATA + 2n ** 32n, 60)],
  ["the highest address", /at 0x/, (peer) => peer.describe(0, 0, 2n ** 64n - 1n, 60)],
];

describe("a peer that breaks the protocol of ivshmem-net", () => {
  test.each(breaches)("with %s resets the link and is named", async (_name, named, deed) => {
    const peer = new HostileNet(SECTION_BYTES);
    await peer.comeUp();
    deed(peer);
    peer.setAvail(1);
    await peer.look();
    await expectReset(peer, named);
  });

  test.each([33, 0x8000, 0xffff])("with an avail index that jumps to %i resets the link", async (index) => {
    const peer = new HostileNet(SECTION_BYTES);
    await peer.comeUp();
    peer.setAvail(index);
    await peer.look();
    await expectReset(peer, /avail index jumped/);
  });

  test.each([
    ["index 2 for one frame", /used index jumped to 2/, 2, [0, 1]],
    ["index 65535", /used index jumped to 65535/, 0xffff, [0, 1]],
    ["another descriptor", /acknowledged descriptor 7 where 0 is the oldest/, 1, [7, 1]],
    ["a descriptor that cannot be", /acknowledged descriptor 4294967295/, 1, [0xffff_ffff, 1]],
    ["length 0", /with length 0 in place of 1/, 1, [0, 0]],
    ["length 60", /with length 60/, 1, [0, 60]],
  ] as const)("with an acknowledgement of %s resets the link", async (_name, named, index, [id, length]) => {
    const peer = new HostileNet(SECTION_BYTES);
    await peer.comeUp();
    expect(peer.net.trySend(makeFrame(60))).toBe(true);
    await peer.look();
    peer.complete(0, id, length);
    peer.setUsed(index);
    await peer.look();
    await expectReset(peer, named);
  });

  test("takes what is odd but allowed: frames at both ends, of no use and too long", async () => {
    const peer = new HostileNet(SECTION_BYTES);
    await peer.comeUp();
    peer.describe(0, 31, DATA, 14);
    peer.describe(1, 5, 0x2000n - 418n, 418);
    peer.describe(2, 6, DATA, 13);
    peer.describe(3, 7, 0x2000n, 0);
    peer.describe(4, 8, DATA, 419);
    peer.setAvail(5);
    await peer.look();
    expect(peer.frames.map(({ byteLength }) => byteLength)).toEqual([14, 418]);
    expect(peer.net.statistics).toMatchObject({ rxFrames: 2, rxRunts: 2, rxOversized: 1, faults: 0 });
    expect(peer.net.up).toBe(true);
  });

  test("has the frames before a breach delivered and acknowledged", async () => {
    const peer = new HostileNet(SECTION_BYTES);
    await peer.comeUp();
    peer.describe(0, 0, DATA, 60);
    peer.describe(1, 1, DATA, 61);
    peer.describe(2, QUEUE, DATA, 62);
    peer.setAvail(3);
    await peer.look();
    expect(peer.frames.map(({ byteLength }) => byteLength)).toEqual([60, 61]);
    expect(peer.net.statistics).toMatchObject({ rxFrames: 2, faults: 1 });
    expect(peer.errors[0]?.message).toMatch(/announced descriptor 32 of 32/);
  });

  test("comes back after each breach once it begins anew, and frames flow", async () => {
    const peer = new HostileNet(SECTION_BYTES);
    for (let round = 1; round <= 20; round++) {
      await peer.comeUp();
      expect(peer.net.up).toBe(true);
      peer.describe(0, 3, DATA, 100);
      peer.setAvail(1);
      await peer.look();
      expect(peer.frames).toHaveLength(round);
      peer.setAvail(0x4000 + round);
      await peer.look();
      expect([peer.net.up, peer.net.statistics.faults]).toEqual([false, round]);
    }
  });

  test("leaves the process its turns when its state flaps without an end", async () => {
    const peer = new HostileNet(SECTION_BYTES);
    const honest = peer.device.stateTable.get;
    let looks = 0;
    // Whatever the victim is at, its peer is where that does not last, as one on another core could be.
    const next = [NetState.RESET, NetState.INIT, NetState.READY, NetState.RESET];
    peer.device.stateTable.get = () => {
      looks++;
      return next[peer.machine.states[0] as number] as number;
    };
    await peer.look();
    await turns(100);
    expect(looks).toBeGreaterThan(100);
    expect(looks).toBeLessThan(10_000);
    peer.device.stateTable.get = honest;
    await peer.comeUp();
    expect(peer.net.up).toBe(true);
  });
});

/** The link was reset with one error, the endpoint is well, and nothing was delivered. */
async function expectReset(peer: HostileNet, named: RegExp): Promise<void> {
  expect(peer.errors.map(({ code }) => code)).toEqual(["ERR_PROTOCOL"]);
  expect(peer.errors[0]?.message).toMatch(named);
  expect([peer.net.up, peer.net.closed, peer.frames.length, peer.net.statistics.faults]).toEqual([false, false, 0, 1]);
  // It stays at RESET for as long as the peer does not let the link go.
  expect(peer.machine.states[0]).toBe(NetState.RESET);
  await peer.comeUp();
  expect(peer.net.up).toBe(true);
}
