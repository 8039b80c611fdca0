import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isIntercellError } from "../../src/errors.js";
import { type Geometry, type PartitionOptions, partitionSection } from "../../src/shm/geometry.js";
import { readPeerGeometry, startSection } from "../../src/shm/header.js";
import { CONTROL_BYTES, fixedBytes, LINE_BYTES } from "../../src/shm/layout.js";
import { sectionMemory } from "../../src/shm/memory.js";

interface Part {
  readonly offset: number;
  readonly size: number;
}

function partsOf(geometry: Geometry): Part[] {
  const parts: Part[] = [{ offset: 0, size: fixedBytes(geometry.maxPeers) }];
  for (const place of geometry.rings) {
    if (place === undefined) continue;
    parts.push({ offset: place.control, size: CONTROL_BYTES }, { offset: place.ring, size: place.capacity });
  }
  if (geometry.broadcastCapacity > 0) {
    parts.push({ offset: geometry.broadcastControl, size: LINE_BYTES });
    parts.push({ offset: geometry.broadcastRing, size: geometry.broadcastCapacity });
  }
  if (geometry.latestSize > 0) parts.push({ offset: geometry.latestOffset, size: geometry.latestSize });
  return parts.sort((a, b) => a.offset - b.offset);
}

const capacity = fc.integer({ min: 8, max: 13 }).map((power) => 2 ** power);
const options: fc.Arbitrary<PartitionOptions> = fc.record(
  {
    ringBytes: capacity,
    broadcastBytes: fc.oneof(fc.constant(0), capacity),
    latestBytes: fc.integer({ min: 0, max: 0x2000 }),
  },
  { requiredKeys: [] },
);
const device = fc
  .integer({ min: 2, max: 12 })
  .chain((maxPeers) =>
    fc.tuple(fc.integer({ min: 1, max: 0x1000 }), fc.constant(maxPeers), fc.integer({ min: 0, max: maxPeers - 1 })),
  );

describe("partitionSection()", () => {
  test("partitionSection() divides any section into parts that peers accept, or says ERR_CONFIG", () => {
    let divided = 0;
    fc.assert(
      fc.property(device, options, ([lines, maxPeers, peerId], wanted) => {
        const sectionSize = lines * LINE_BYTES;
        let geometry: Geometry;
        try {
          geometry = partitionSection(sectionSize, maxPeers, peerId, wanted);
        } catch (error) {
          expect(isIntercellError(error, "ERR_CONFIG")).toBe(true);
          return;
        }
        divided += 1;
        checkParts(geometry, wanted);
        checkAccepted(geometry);
      }),
      { numRuns: 400 },
    );
    expect(divided).toBeGreaterThan(50);
  });

  test("partitionSection() divides 8 KiB for three peers as the page says", () => {
    const geometry = partitionSection(0x2000, 3, 1);
    expect(geometry.rings.map((place) => place?.capacity)).toEqual([2048, undefined, 2048]);
    expect([geometry.broadcastCapacity, geometry.latestSize]).toEqual([1024, 1792]);
  });

  test("partitionSection() makes do without broadcast and latest values when the section is the smallest", () => {
    const smallest = fixedBytes(3) + 2 * (CONTROL_BYTES + 256);
    const geometry = partitionSection(smallest, 3, 0);
    expect(geometry.rings.map((place) => place?.capacity)).toEqual([undefined, 256, 256]);
    expect([geometry.broadcastCapacity, geometry.latestSize]).toEqual([0, 0]);
    expect(() => partitionSection(smallest - LINE_BYTES, 3, 0)).toThrow(/too small for 2 rings/);
  });

  test("partitionSection() serves the named peers only", () => {
    const geometry = partitionSection(0x2000, 3, 0, { peers: [2, 2] });
    expect(geometry.rings.map((place) => place?.capacity)).toEqual([undefined, undefined, 4096]);
  });

  test.each([
    { peers: [0] },
    { peers: [3] },
    { peers: [-1] },
    { peers: [1.5] },
    { peers: [] },
    { ringBytes: 128 },
    { ringBytes: 300 },
    { ringBytes: 2 ** 31 },
    { ringBytes: Number.NaN },
    { broadcastBytes: 100 },
    { latestBytes: -0x2000 },
    { latestBytes: 64.5 },
    { latestBytes: Number.NaN },
  ])("partitionSection() throws RangeError for %j", (bad) => {
    expect(() => partitionSection(0x2000, 3, 0, bad)).toThrow(RangeError);
  });
});

function checkParts(geometry: Geometry, wanted: PartitionOptions): void {
  let end = 0;
  for (const { offset, size } of partsOf(geometry)) {
    expect(offset % LINE_BYTES).toBe(0);
    expect(offset).toBeGreaterThanOrEqual(end);
    end = offset + size;
  }
  expect(end).toBeLessThanOrEqual(geometry.sectionSize);
  for (const place of geometry.rings) {
    if (place !== undefined) expect(place.capacity).toBe(wanted.ringBytes ?? place.capacity);
  }
  expect(geometry.broadcastCapacity).toBe(wanted.broadcastBytes ?? geometry.broadcastCapacity);
  expect(geometry.latestSize).toBeGreaterThanOrEqual(wanted.latestBytes ?? 0);
}

/** Every peer that is served finds in the started section what the owner meant. */
function checkAccepted(geometry: Geometry): void {
  const { sectionSize, maxPeers, peerId } = geometry;
  const memory = sectionMemory(new Uint8Array(sectionSize));
  startSection(memory, geometry, { vector: 0, heartbeatIntervalMs: 100, randomEpoch: () => 1 });
  geometry.rings.forEach((place, peer) => {
    if (place === undefined) return;
    const found = readPeerGeometry(memory, peer, { sectionSize, maxPeers, peerId, vectors: 1 });
    const { broadcastControl, broadcastRing, broadcastCapacity, latestOffset, latestSize } = geometry;
    expect(found).toEqual({
      ...{ place, vector: 0, heartbeatIntervalMs: 100 },
      ...{ broadcastControl, broadcastRing, broadcastCapacity, latestOffset, latestSize },
    });
  });
}
