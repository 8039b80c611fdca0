import { describe, expect, test } from "vitest";
import { createVirtualBus, openCan } from "../../src/can/index.js";
import { type Channel, defineProtocol, type Link, openChannel } from "../../src/channel/index.js";
import { fixedBytes, struct, u32 } from "../../src/schema/index.js";
import { openShm } from "../../src/shm/index.js";
import { MemoryMachine } from "../support/memory-device.js";
import { Jitter } from "./jitter.js";
import { createPair } from "./open-pair.js";

const pair = (): Link => createPair().left;
const as = (value: unknown): never => value as never;
const Ask = struct("Ask", { a: u32 });

/** Mistakes that the types forbid, as JavaScript makes them. */
describe("a mistake is named", () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      "openShm() is given a promise",
      () => openShm(as(Promise.resolve())),
      /openShm\(\) takes an ivshmem device, found a Promise: await it/,
    ],
    ["openShm() is given nothing", () => openShm(as(undefined)), /takes an ivshmem device, found undefined/],
    [
      "openCan() is given a promise",
      () => openCan(as(Promise.resolve()), { node: 1 }),
      /openCan\(\) takes a CAN bus, found a Promise: await it/,
    ],
    [
      "openCan() is given a virtual bus itself",
      () => openCan(as(createVirtualBus()), { node: 1 }),
      /found an object of class VirtualBus/,
    ],
    [
      "openChannel() is given a node",
      () => openChannel(as(openShm(new MemoryMachine().open(0))), Jitter),
      /such as node\.link\(1\), found an object of class ShmNode/,
    ],
    [
      "openChannel() is given a definition",
      () => openChannel(pair(), as({ messages: {} })),
      /what defineProtocol\(\) makes, found an object of class Object/,
    ],
    [
      "a request is one struct",
      () => defineProtocol("p", as({ requests: { a: Ask } })),
      /request a of protocol p must be \{ request, reply \}, two structs/,
    ],
  ])("when %s", (_, act, message) => {
    expect(act).toThrow(message);
    expect(act).toThrow(TypeError);
  });

  test.each<[string, (channel: Channel) => unknown, RegExp]>([
    [
      "a message",
      (channel) => channel.trySend(as("raeding"), as({})),
      /no message "raeding" on .*: there are measurement, note/,
    ],
    [
      "a message to hear",
      (channel) => channel.receive(as("raeding")),
      /no message or broadcast "raeding" on .*: there are measurement, note, alarm/,
    ],
    ["a broadcast", (channel) => channel.broadcast(as("alram"), as({})), /no broadcast "alram" on .*: there are alarm/],
    ["a topic", (channel) => channel.latest(as("state")), /no topic "state" on .*: there are stats/],
    [
      "a request to handle",
      (channel) =>
        channel.handle(
          as("rest"),
          as(() => ({})),
        ),
      /no request "rest" on .*: there are reset, ask/,
    ],
  ])("when the protocol has no such %s", (_, act, message) => {
    const channel = openChannel(pair(), Jitter);
    expect(() => act(channel as unknown as Channel)).toThrow(message);
  });

  test("when the protocol has nothing of the kind", () => {
    const channel = openChannel(pair(), defineProtocol("p", { messages: { ask: Ask } }));
    expect(() => (channel as unknown as Channel).latest(as("state"))).toThrow(/: its protocol has none$/);
  });

  test("when nobody answers, by what its link misses", async () => {
    const bus = createVirtualBus();
    const node = openCan(bus.open(), { node: 1 });
    const ready = openChannel(node.link(2), Jitter).ready({ timeoutMs: 1 });
    await expect(ready).rejects.toThrow(/did not open within 1 ms: the link is connecting \(nothing was heard of it; /);
    const shm = openShm(new MemoryMachine().open(0));
    const alone = openChannel(shm.link(1), Jitter).ready({ timeoutMs: 1 });
    await expect(alone).rejects.toThrow(/the link is connecting \(its state word is 0, .* is the cell running\?\)/);
    node.close();
    shm.close();
  });

  test("when a message can never fit, with what this very link can do", () => {
    const big = defineProtocol("big", { messages: { all: struct("All", { data: fixedBytes(100_000) }) } });
    const node = openCan(createVirtualBus().open(), { node: 1 });
    const shm = openShm(new MemoryMachine().open(0));
    expect(() => openChannel(node.link(2), big)).toThrow(
      /: send it in parts, or give the link longer records by larger windowBytes on both sides$/,
    );
    expect(() => openChannel(shm.link(1), big)).toThrow(
      /longer records by larger sections or fewer peers \(peers and ringBytes of openShm\)$/,
    );
    node.close();
    shm.close();
  });

  test("when the two sides have different protocols, with both and what to compare", async () => {
    const theirs = defineProtocol(Jitter.name, { messages: { ask: Ask } });
    const { left, right } = createPair();
    const [own] = [openChannel(left, Jitter), openChannel(right, theirs)];
    const hash = "[0-9a-f]{16}";
    const named = `this side has protocol ${Jitter.name} \\(${hash}\\) and the peer has protocol "${theirs.name}" \\(${hash}\\)`;
    await expect(own.ready({ timeoutMs: 5000 })).rejects.toThrow(
      new RegExp(
        `^Cannot use channel .* as ${named}: build both from one definition; description of the two protocols `,
      ),
    );
  });

  test.each([["1"], [1.5], [9]])("link() of a node when it is given %o", (peer) => {
    const node = openShm(new MemoryMachine().open(0));
    expect(() => node.link(as(peer))).toThrow(RangeError);
    node.close();
  });
});
