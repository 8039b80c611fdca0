import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FramePort } from "../../src/ivshmem-net/ethernet/frame-port.js";
import { type IvshmemNet, type NetDownReason, openIvshmemNet } from "../../src/ivshmem-net/index.js";
import type { SessionEnd } from "../../src/ivshmem-net/reliable/session.js";
import { ReliableStation } from "../../src/ivshmem-net/reliable/station.js";
import { type CellProgram, startMachine } from "../../src/sim/index.js";
import { until } from "../channel/until.js";
import { TroubledPort } from "../ivshmem-net/ethernet-link/troubled-port.js";
import { mishaps } from "../support/mishaps.js";

const folder = import.meta.dirname;
const native = join(folder, "../../native");
const work = mkdtempSync(join(tmpdir(), "intercell-c-net-"));
const program = (name: string) => join(work, name);

beforeAll(() => {
  const options = ["-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Werror"];
  const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  const includes = ["include", "sim"].map((name) => `-I${join(native, name)}`);
  for (const name of ["net_echo", "reliable_echo"]) {
    const sources = [join(folder, `${name}.c`), join(native, "sim/intercell_sim.c")];
    const all = [...options, ...sanitizers, ...includes, ...sources, "-o", program(name)];
    execFileSync("gcc", all, { stdio: ["ignore", "ignore", "inherit"] });
  }
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const cell = (name: string): CellProgram => ({ command: [program(name)], stdio: ["ignore", "ignore", "inherit"] });

/** A frame from an address to another whose content depends on a number. */
function frameOf(number: number, length: number): Uint8Array {
  const frame = Uint8Array.from({ length }, (_, at) => (number + at * 7) & 0xff);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
  return frame;
}

/** Sends frames of all lengths as fast as they are taken, and expects each of them back, once and in order. */
async function expectEchoes(net: IvshmemNet, count: number): Promise<void> {
  const lengthOf = (number: number) => 14 + ((number * 131) % 1505);
  let returned = 0;
  let wrong: string | undefined;
  const leave = net.onFrames((batch) => {
    for (let index = 0; index < batch.count; index++) {
      const wanted = frameOf(returned, lengthOf(returned));
      wanted.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
      if (Buffer.compare(wanted, batch.frame(index)) !== 0) wrong ??= `frame ${returned} is another`;
      returned++;
    }
  });
  for (let number = 0; number < count; number++) {
    await net.send(frameOf(number, lengthOf(number)), { timeoutMs: 10_000 });
  }
  await until(() => returned === count, "all frames came back");
  leave();
  expect(wrong).toBeUndefined();
}

describe("net.h as a process, with an endpoint in TypeScript", () => {
  test("net.h carries frames of all lengths both ways, wakes and is woken, and comes back after it was killed", async () => {
    await using machine = await startMachine();
    using net = openIvshmemNet(await machine.openDevice({ peer: 0, device: "net" }), { mtu: 1500 });
    const told: (NetDownReason | "up")[] = [];
    net.events.on("up", () => told.push("up"));
    net.events.on("down", (reason) => told.push(reason));
    const errors: string[] = [];
    net.events.on("error", ({ message }) => errors.push(message));
    await machine.startCell(1, cell("net_echo"));
    await net.ready({ timeoutMs: 10_000 });
    await expectEchoes(net, 5_000);
    // One at a time, so that both sides sleep between any two.
    for (let round = 0; round < 50; round++) await expectEchoes(net, 1);
    await machine.crashCell(1);
    await machine.startCell(1, cell("net_echo"));
    await until(() => told.length >= 3 && net.up, "the link is back");
    await expectEchoes(net, 1_000);
    expect([told, errors]).toEqual([["up", "peer reset", "up"], []]);
    expect(net.statistics).toMatchObject({ rxFrames: 6_050, txFrames: 6_050, txLost: 0, faults: 0, rxOversized: 0 });
  });
});

describe("reliable.h as a process, with a session in TypeScript", () => {
  const recordOf = (number: number) => Uint8Array.from({ length: (number * 131) % 1460 }, (_, at) => number + at * 3);

  /** Sends records of all lengths as fast as they are taken, and expects each of them back, once and in order. */
  async function expectBack(talk: Talk, count: number): Promise<void> {
    talk.records.length = 0;
    for (let number = 0; number < count; number++) {
      await until(() => talk.station.send(number & 0xff, recordOf(number)), "there is room");
    }
    await until(() => talk.records.length >= count, "all records came back");
    expect(talk.records.length).toBe(count);
    const wrong = talk.records.findIndex(({ kind, bytes }, number) => {
      return kind !== (number & 0xff) || Buffer.compare(bytes, recordOf(number)) !== 0;
    });
    expect(wrong).toBe(-1);
  }

  interface Talk {
    readonly station: ReliableStation;
    readonly records: { readonly kind: number; readonly bytes: Uint8Array }[];
    readonly datagrams: number[];
    readonly ends: SessionEnd[];
  }

  function talkOver(port: FramePort): Talk {
    const [records, datagrams, ends]: [Talk["records"], number[], SessionEnd[]] = [[], [], []];
    const options = {
      ...{ etherType: 0x88b5, address: Uint8Array.of(2, 0, 0, 0, 0, 1), peerAddress: undefined },
      ...{ windowRecords: 32, keepAliveMs: 100, timeoutMs: 1000 },
    };
    const station = new ReliableStation(port, options, {
      record: (kind, bytes) => records.push({ kind, bytes: bytes.slice() }),
      datagram: (_kind, bytes) => datagrams.push(bytes[0] as number),
      opened: () => undefined,
      ended: (reason) => ends.push(reason),
      room: () => undefined,
      gone: () => undefined,
    });
    return { station, records, datagrams, ends };
  }

  test.each([
    ["that loses nothing", () => 1],
    ["on which one frame in eight gets lost and one comes twice", mishaps()],
  ])("reliable.h carries records both ways on a way %s, and opens anew after it was killed", async (_, fate) => {
    await using machine = await startMachine();
    using net = openIvshmemNet(await machine.openDevice({ peer: 0, device: "net" }), { mtu: 1500 });
    const talk = talkOver(new TroubledPort(net, fate));
    await machine.startCell(1, cell("reliable_echo"));
    await until(() => talk.station.open, "the session is open");
    await expectBack(talk, 400);
    await until(
      () => talk.station.sendDatagram(1, Uint8Array.of(7)) && talk.datagrams.length > 0,
      "a datagram came back",
    );
    await machine.crashCell(1);
    await machine.startCell(1, cell("reliable_echo"));
    await until(() => talk.ends.length > 0 && talk.station.open, "another session is open");
    await expectBack(talk, 100);
    expect(talk.station.statistics.invalidFrames).toBe(0);
    talk.station.close();
  });
});
