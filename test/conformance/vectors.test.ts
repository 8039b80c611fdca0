import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NO_ROOM, type Port, type PortHandler, RecordKind } from "../../src/channel/index.js";
import { openShm, type ShmNode } from "../../src/shm/index.js";
import { Header, MAGIC, WIRE_VERSION } from "../../src/shm/layout.js";
import { MemoryMachine } from "../support/memory-device.js";
import { comparable, scenario, vectorOf } from "./vectors.js";

const { sectionSize, maxPeers, epochCounters, heartbeatMs, channel } = scenario;
const CELLS = [0, 1];

function idle(): PortHandler {
  const nothing = () => undefined;
  return { record: () => true, broadcast: nothing, opened: nothing, lost: nothing, mismatched: nothing, room: nothing };
}

function pattern(length: number, byte: (index: number) => number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => byte(index));
}

/** The cells of test/c/vectors.c in TypeScript, which do nothing of their own. */
class VectorMachine {
  readonly machine = new MemoryMachine({ peers: maxPeers, outputBytes: sectionSize, delivery: "manual" });
  readonly nodes: ShmNode[] = [];
  readonly ports: Port[] = [];

  /** A cell whose epochs go on from `counter`. */
  start(id: number, counter: number): void {
    const bytes = this.machine.outputs[id] as Uint8Array;
    const header = new DataView(bytes.buffer, bytes.byteOffset);
    header.setUint32(Header.magic, MAGIC, true);
    header.setUint16(Header.version, WIRE_VERSION, true);
    // This side takes one epoch for its state word before those for the peers, and the C side shows the last of them.
    header.setUint32(Header.epochCounter, counter - 1, true);
    const node = openShm(this.machine.open(id), { wait: "manual", heartbeatMs });
    for (let peer = 0; peer < maxPeers; peer += 1) if (peer !== id) node.link(peer);
    this.nodes[id] = node;
  }

  open(id: number, handler: PortHandler): void {
    const { name, protocol, hash, topics } = channel;
    const options = { name, protocolName: protocol, typeHash: BigInt(`0x${hash}`), topicSizes: topics };
    this.ports[id] = this.node(id)
      .link(1 - id)
      .attach({ ...options, handler });
  }

  node(id: number): ShmNode {
    const node = this.nodes[id];
    if (node === undefined) throw new RangeError(`Cell ${id} was not started`);
    return node;
  }

  port(id: number): Port {
    const port = this.ports[id];
    if (port === undefined) throw new RangeError(`Cell ${id} has no channel`);
    return port;
  }

  rounds(count: number): void {
    for (let round = 0; round < count; round += 1) for (const id of CELLS) this.node(id).poll();
  }

  write(id: number, kind: 1 | 2 | 3, message: number, bytes: Uint8Array): void {
    const port = this.port(id);
    const offset = port.claim(bytes.length);
    if (offset === NO_ROOM) throw new Error("There is no room");
    new Uint8Array(port.view.buffer, port.view.byteOffset + offset).set(bytes);
    port.commit(kind, message, bytes.length);
    port.flush();
  }
}

/** Answers a request with its number and the double of its first word, as the C side's handler does. */
function answering(machine: VectorMachine): PortHandler {
  return {
    ...idle(),
    record: (kind, _message, sequence, view, offset) => {
      if (kind !== RecordKind.request) return true;
      const value = view.getUint32(offset, true);
      const reply = new DataView(new ArrayBuffer(16));
      [sequence, 0, value, value * 2].forEach((word, index) => {
        reply.setUint32(4 * index, word, true);
      });
      machine.write(1, RecordKind.reply, 1, new Uint8Array(reply.buffer));
      return true;
    },
  };
}

/** What leads from each step to the next, in the order of the scenario. */
const steps: Readonly<Record<string, (world: VectorMachine) => void>> = {
  started: (world) => world.start(0, epochCounters[0]),
  accepted: (world) => {
    world.start(1, epochCounters[1]);
    world.open(0, idle());
    world.open(1, answering(world));
    world.node(0).poll();
  },
  "half-open": (world) => {
    world.node(1).poll();
  },
  announced: (world) => world.rounds(3),
  data: (world) => {
    const bytes = pattern(13, (index) => index + 1);
    world.write(0, RecordKind.data, 0, bytes);
    world.write(0, RecordKind.data, 1, bytes.subarray(0, 8));
  },
  "latest-broadcast": (world) => {
    const bytes = pattern(77, (index) => index + 1);
    world.port(1).publish(1, bytes);
    world.port(1).broadcast(1, bytes.subarray(0, 8));
  },
  acknowledged: (world) => world.rounds(1),
  reply: (world) => {
    world.write(0, RecordKind.request, 0, Uint8Array.of(0x0d, 0x0c, 0x0b, 0x0a));
    world.node(1).poll();
  },
  asleep: (world) => {
    for (const peer of [0, 2]) world.node(1).link(peer).arm();
  },
  wrapped: (world) => {
    for (const peer of [0, 2]) world.node(1).link(peer).disarm();
    for (let count = 0; count < 4; count += 1) {
      world.write(
        0,
        RecordKind.data,
        0,
        pattern(600, (index) => index * 7),
      );
      world.rounds(1);
    }
  },
  restarted: (world) => {
    world.machine.kill(0);
    world.start(0, epochCounters[0] + maxPeers - 1);
  },
  "met-again": (world) => world.rounds(4),
};

describe("scenario.json", () => {
  const world = new VectorMachine();
  const found = new Map<string, { readonly states: readonly number[]; readonly sections: readonly Uint8Array[] }>();

  // All in one turn of the event loop, so that nothing happens but by these calls.
  beforeAll(() => {
    for (const [name, act] of Object.entries(steps)) {
      act(world);
      const sections = world.machine.outputs.map((bytes) => bytes.slice());
      found.set(name, { states: [...world.machine.states], sections });
    }
  });

  afterAll(() => {
    for (const node of world.nodes) node.close();
  });

  test("names the steps that are taken here", () => {
    expect(scenario.steps.map(({ name }) => name)).toEqual(Object.keys(steps));
  });

  test.each(scenario.steps)("has the sections that src/shm writes after the step $name", ({ name, states }) => {
    const { sections = [], states: ours = [] } = found.get(name) ?? {};
    expect(ours.map((state) => state !== 0)).toEqual(states.map((state) => state !== 0));
    for (const [peer, section] of sections.entries()) {
      const controls = CELLS.includes(peer)
        ? (world.node(peer).geometry.rings.flatMap((place) => place?.control ?? []) as readonly number[])
        : [];
      expect([peer, comparable(section, controls)]).toEqual([peer, comparable(vectorOf(name, peer), controls)]);
    }
  });
});
