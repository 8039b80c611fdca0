import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RecordKind } from "../../src/channel/link.js";
import { decodeAnnouncement } from "../../src/shm/announcement.js";
import { partitionSection } from "../../src/shm/geometry.js";
import { observeEpoch, readPeerGeometry } from "../../src/shm/header.js";
import { NO_VALUE, SlotReader, slotOffsets } from "../../src/shm/latest.js";
import { CONTROL_BYTES, Control } from "../../src/shm/layout.js";
import { type SectionMemory, sectionMemory } from "../../src/shm/memory.js";
import { RingReader } from "../../src/shm/ring-reader.js";

/** One step of test/vectors/wire-v1/scenario.json; its README tells of the fields. */
interface Step {
  readonly name: string;
  readonly states: readonly number[];
  readonly sections: readonly Readonly<Record<string, string>>[];
}

interface Scenario {
  readonly sectionSize: number;
  readonly maxPeers: number;
  readonly heartbeatMs: number;
  readonly channel: { name: string; protocol: string; hash: string; topics: readonly number[] };
  readonly steps: readonly Step[];
}

const path = join(import.meta.dirname, "../vectors/wire-v1/scenario.json");
const scenario = JSON.parse(readFileSync(path, "utf8")) as Scenario;
const { sectionSize, maxPeers, heartbeatMs, channel, steps } = scenario;

function sectionOf({ sections }: Step, id: number): SectionMemory {
  const bytes = new Uint8Array(sectionSize);
  for (const [offset, line] of Object.entries(sections[id] ?? {})) bytes.set(Buffer.from(line, "hex"), Number(offset));
  return sectionMemory(bytes);
}

/** The kinds of the records in the ring of a cell to the other, and the channels that it announces there. */
function readRing(section: SectionMemory, id: number): { kinds: number[]; announced: unknown[] } {
  const place = partitionSection(sectionSize, maxPeers, id).rings[1 - id];
  if (place === undefined) throw new Error("There is no ring to the other cell");
  const reader = new RingReader(section, place, sectionMemory(new Uint8Array(CONTROL_BYTES)), 0);
  const kinds: number[] = [];
  const announced: unknown[] = [];
  if (reader.fetch() === 0) return { kinds, announced };
  expect(reader.accept()).toBe(true);
  const { batch } = reader;
  while (batch.next()) {
    kinds.push(batch.kind);
    if (batch.kind === RecordKind.announce) {
      announced.push(decodeAnnouncement(batch.view, batch.payloadOffset, batch.payloadBytes));
    }
  }
  return { kinds, announced };
}

/** Steps and cells of which the cell has started, and has written less to its ring than the ring holds. */
const cells = steps.flatMap((step) => [0, 1].filter((id) => step.states[id] !== 0).map((id) => ({ step, id })));

describe("the byte vectors of version 1", () => {
  test.each(cells.map(({ step, id }) => [id, step.name, step] as const))(
    "have a section of cell %d that a peer accepts at step %s",
    (id, _, step) => {
      const section = sectionOf(step, id);
      const {
        rings,
        peerId: _peer,
        sectionSize: _size,
        maxPeers: _peers,
        ...rest
      } = partitionSection(sectionSize, maxPeers, id);
      const found = readPeerGeometry(section, 1 - id, { sectionSize, maxPeers, peerId: id, vectors: 1 });
      expect(found).toEqual({ place: rings[1 - id], vector: 0, heartbeatIntervalMs: heartbeatMs, ...rest });
      expect(observeEpoch(section, 1 - id)).toBeGreaterThan(0);
      expect(section.words[(found.place.control + Control.fault) / 4]).toBe(0);
    },
  );

  test("have rings that are read record by record, until they wrap", () => {
    const kinds = new Set<number>();
    for (const { step, id } of cells) {
      const section = sectionOf(step, id);
      const place = partitionSection(sectionSize, maxPeers, id).rings[1 - id];
      const tail = section.words[((place?.control ?? 0) + Control.tail) / 4] as number;
      if (tail > (place?.capacity ?? 0)) continue;
      const ring = readRing(section, id);
      for (const kind of ring.kinds) kinds.add(kind);
      for (const each of ring.announced) {
        expect(each).toMatchObject({
          ...{ name: channel.name, protocolName: channel.protocol, typeHash: BigInt(`0x${channel.hash}`) },
          latestSize: slotOffsets(channel.topics).size,
        });
      }
    }
    for (const kind of [RecordKind.announce, RecordKind.data, RecordKind.request]) expect(kinds).toContain(kind);
  });

  test("have the latest value where the announcement says", () => {
    const step = steps.find(({ name }) => name === "latest-broadcast") as Step;
    const section = sectionOf(step, 1);
    const { announced } = readRing(section, 1);
    const { latestOffset } = announced[0] as { latestOffset: number };
    const values = slotOffsets(channel.topics).offsets.map((offset, topic) => {
      const most = channel.topics[topic] ?? 0;
      const target = new Uint8Array(most);
      const length = new SlotReader(section, latestOffset + offset, most, () => true).read(target);
      return length === NO_VALUE ? undefined : [...target.subarray(0, length)];
    });
    expect(values).toEqual([undefined, Array.from({ length: 77 }, (_, index) => index + 1)]);
  });
});
