import { beforeEach, describe, expect, test } from "vitest";
import { MAX_CHANNELS } from "../../src/channel/controls.js";
import type { Announcement } from "../../src/shm/announcement.js";
import { Fault, FaultCode } from "../../src/shm/fault.js";
import { sectionMemory } from "../../src/shm/memory.js";
import { type PortHost, ShmPort } from "../../src/shm/port.js";
import { Roster } from "../../src/shm/roster.js";
import { Recorder } from "../channel/link-pair.js";

const memory = sectionMemory(new Uint8Array(0x1000));
const host = { own: memory, peer: memory, sendable: true, settle: () => undefined } as unknown as PortHost;
const region = { offset: 0x800, size: 0x400 };

function announcement(name: string, typeHash = 1n, latest = { latestOffset: 0, latestSize: 0 }): Announcement {
  return { name, protocolName: "p", typeHash, ...latest };
}

function openPort(name: string, topicSizes: readonly number[] = []): { port: ShmPort; seen: Recorder } {
  const seen = new Recorder();
  const options = { name, protocolName: "p", typeHash: 1n, topicSizes, handler: seen };
  const port = new ShmPort(host, options, 1, { offset: 0, size: 64 * topicSizes.length });
  port.announced = true;
  return { port, seen };
}

function faultOf(action: () => unknown): number | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof Fault) return error.faultCode;
    throw error;
  }
  return undefined;
}

describe("Roster", () => {
  let roster: Roster;

  beforeEach(() => {
    roster = new Roster();
  });

  test("port() gives the port when the peer has announced its channel before or after it was opened", () => {
    const early = openPort("early");
    const late = openPort("late");
    roster.add(early.port);
    roster.announced(7, announcement("early"), region);
    roster.announced(8, announcement("late"), region);
    expect([roster.port(7), roster.port(8)]).toEqual([early.port, undefined]);
    roster.add(late.port);
    roster.meetLate(region);
    expect([roster.port(7), roster.port(8)]).toEqual([early.port, late.port]);
    expect([early.seen.opens, late.seen.opens]).toEqual([1, 1]);
  });

  test("port() gives none when the types differ, for broadcasts as well", () => {
    const { port, seen } = openPort("odd");
    roster.add(port);
    roster.announced(7, announcement("odd", 2n), region);
    expect(roster.port(7)).toBeUndefined();
    expect(roster.broadcastPort(7)).toBeUndefined();
    expect(seen.mismatches).toHaveLength(1);
  });

  test("broadcastPort() gives the port of an announced channel and none for a number nobody announced", () => {
    const { port } = openPort("c");
    roster.add(port);
    roster.announced(7, announcement("c"), region);
    expect([roster.broadcastPort(7), roster.broadcastPort(8)]).toEqual([port, undefined]);
  });

  test("port() gives none once the port is closed, and the next one of that name once it is there", () => {
    const { port } = openPort("c");
    roster.add(port);
    roster.announced(7, announcement("c"), region);
    roster.remove(port);
    expect(roster.port(7)).toBeUndefined();
    const again = openPort("c");
    roster.add(again.port);
    roster.meetLate(region);
    expect(roster.port(7)).toBe(again.port);
  });

  test("remove() forgets a port that met nobody", () => {
    const { port } = openPort("c");
    roster.add(port);
    expect(roster.hasLate).toBe(true);
    roster.remove(port);
    expect(roster.hasLate).toBe(false);
  });

  test("withdrawn() parts the port, and the number may be announced again", () => {
    const { port, seen } = openPort("c");
    roster.add(port);
    roster.announced(7, announcement("c"), region);
    roster.withdrawn(7);
    expect(seen.downs).toMatchObject([{ reason: "peer closed" }]);
    roster.announced(7, announcement("d"), region);
    expect(roster.port(7)).toBeUndefined();
  });

  test.each<[string, (roster: Roster) => void]>([
    ["a record names a number that nobody announced", (it) => void it.port(9)],
    ["a withdrawal does", (it) => it.withdrawn(9)],
    ["a number is 0", (it) => it.announced(0, announcement("b"), region)],
    ["a number is announced twice", (it) => it.announced(7, announcement("b"), region)],
    ["a name is announced twice", (it) => it.announced(8, announcement("a"), region)],
  ])("faults when %s", (_, act) => {
    roster.announced(7, announcement("a"), region);
    expect(faultOf(() => act(roster))).toBe(FaultCode.announce);
  });

  test("announced() faults when the peer announces one channel more than there may be", () => {
    for (let number = 1; number <= MAX_CHANNELS; number += 1)
      roster.announced(number, announcement(`c${number}`), region);
    expect(faultOf(() => roster.announced(2000, announcement("more"), region))).toBe(FaultCode.announce);
  });

  test.each([
    ["lie before the region", 0x7c0, 64],
    ["lie behind it", 0xc00, 64],
    ["run beyond it", 0xbc0, 128],
    ["wrap round", 0xffffffc0, 64],
    ["are not aligned", 0x808, 64],
    ["are of another size", 0x800, 128],
    ["are absent", 0, 0],
  ])("announced() faults when topics %s", (_, latestOffset, latestSize) => {
    roster.add(openPort("c", [8]).port);
    expect(faultOf(() => roster.announced(7, announcement("c", 1n, { latestOffset, latestSize }), region))).toBe(
      FaultCode.announce,
    );
  });

  test("forget() takes back what the peer announced", () => {
    roster.announced(7, announcement("c"), region);
    roster.forget();
    expect(faultOf(() => roster.port(7))).toBe(FaultCode.announce);
  });

  test("requireFree() throws ERR_IN_USE when a port has the name", () => {
    roster.add(openPort("c").port);
    expect(() => roster.requireFree("c")).toThrow(expect.objectContaining({ code: "ERR_IN_USE" }));
    roster.requireFree("d");
  });
});
