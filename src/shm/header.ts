import { fence, observe, publish } from "../uio/atomic.js";
import { Fault, FaultCode } from "./fault.js";
import type { Geometry, RingPlace } from "./geometry.js";
import { isPart, samePlace } from "./geometry.js";
import {
  CONTROL_BYTES,
  Control,
  DIRECTORY_ENTRY_BYTES,
  DIRECTORY_OFFSET,
  DirectoryEntry,
  HEADER_BYTES,
  Header,
  LINE_BYTES,
  MAGIC,
  MAX_RING_BYTES,
  MIN_RING_BYTES,
  powerOfTwoBelow,
  WIRE_VERSION,
} from "./layout.js";
import type { SectionMemory } from "./memory.js";

/** What is needed of a peer's section to talk to it; checked, and taken from memory once. */
export interface PeerGeometry {
  /** The peer's ring to us and its control block for us. */
  readonly place: RingPlace;
  readonly vector: number;
  readonly heartbeatIntervalMs: number;
  readonly broadcastControl: number;
  readonly broadcastRing: number;
  readonly broadcastCapacity: number;
  readonly latestOffset: number;
  readonly latestSize: number;
}

/** What a peer's header must say, as the device is configured. */
export interface ExpectedHeader {
  readonly sectionSize: number;
  readonly maxPeers: number;
  readonly peerId: number;
  readonly vectors: number;
}

/** Index of the word that holds the epoch of the section's owner for `peer`. */
export function epochIndex(peer: number): number {
  return entryOffset(peer) / 4 + DirectoryEntry.epoch / 4;
}

function entryOffset(peer: number): number {
  return DIRECTORY_OFFSET + peer * DIRECTORY_ENTRY_BYTES;
}

/**
 * Starts the own section: steps 1 to 3 of "Start" (docs/wire-protocol.md, section 3). Rings that stay where they were keep
 * their content, so that a peer may still take what a previous life committed. All epochs are 0 afterwards.
 */
export function startSection(
  memory: SectionMemory,
  geometry: Geometry,
  settings: { readonly vector: number; readonly heartbeatIntervalMs: number; readonly randomEpoch: () => number },
): void {
  const { view, words } = memory;
  const valid = observe(words, Header.magic / 4) === MAGIC && view.getUint16(Header.version, true) === WIRE_VERSION;
  const epochCounter = valid ? view.getUint32(Header.epochCounter, true) : settings.randomEpoch();
  const previous = geometry.rings.map((_, peer) => (valid ? readPlace(memory, peer) : undefined));
  for (let peer = 0; peer < geometry.maxPeers; peer += 1) {
    publish(words, epochIndex(peer), 0);
  }
  fence();
  for (const [peer, place] of geometry.rings.entries()) writePlace(memory, peer, place);
  writeHeader(memory, geometry, epochCounter, settings.vector, settings.heartbeatIntervalMs);
  fence();
  geometry.rings.forEach((place, peer) => {
    if (place !== undefined) {
      clearControl(memory, place, samePlace(place, previous[peer]));
    }
  });
  fence();
}

function writeHeader(
  { view, words }: SectionMemory,
  geometry: Geometry,
  epochCounter: number,
  vector: number,
  heartbeatIntervalMs: number,
): void {
  view.setUint16(Header.version, WIRE_VERSION, true);
  view.setUint16(Header.peerId, geometry.peerId, true);
  view.setUint32(Header.sectionSize, geometry.sectionSize, true);
  view.setUint32(Header.flags, 0, true);
  view.setUint32(Header.epochCounter, epochCounter, true);
  view.setUint16(Header.maxPeers, geometry.maxPeers, true);
  view.setUint16(Header.vector, vector, true);
  view.setUint32(Header.latestOffset, geometry.latestOffset, true);
  view.setUint32(Header.latestSize, geometry.latestSize, true);
  view.setUint32(Header.broadcastControl, geometry.broadcastControl, true);
  view.setUint32(Header.broadcastRing, geometry.broadcastRing, true);
  view.setUint32(Header.broadcastCapacity, geometry.broadcastCapacity, true);
  view.setUint32(Header.heartbeatIntervalMs, heartbeatIntervalMs, true);
  for (let offset = Header.reserved; offset < HEADER_BYTES; offset += 4) {
    view.setUint32(offset, 0, true);
  }
  publish(words, Header.magic / 4, MAGIC);
}

/** Clears a control block, but for the two cursors if a peer may still be reading by them. */
function clearControl({ words }: SectionMemory, place: RingPlace, keepCursors: boolean): void {
  const base = place.control / 4;
  for (let index = 0; index < CONTROL_BYTES / 4; index += 1) {
    const isCursor = index === Control.tail / 4 || index === Control.head / 4;
    if (!(isCursor && keepCursors)) {
      words[base + index] = 0;
    }
  }
}

function readPlace({ view }: SectionMemory, peer: number): RingPlace {
  const entry = entryOffset(peer);
  return {
    control: view.getUint32(entry + DirectoryEntry.control, true),
    ring: view.getUint32(entry + DirectoryEntry.ring, true),
    capacity: view.getUint32(entry + DirectoryEntry.capacity, true),
  };
}

function writePlace({ view }: SectionMemory, peer: number, place: RingPlace | undefined): void {
  const entry = entryOffset(peer);
  view.setUint32(entry + DirectoryEntry.control, place?.control ?? 0, true);
  view.setUint32(entry + DirectoryEntry.ring, place?.ring ?? 0, true);
  view.setUint32(entry + DirectoryEntry.capacity, place?.capacity ?? 0, true);
}

/** Takes the next epoch from the counter in the own header: a u32 that is never 0. */
export function nextEpoch({ view }: SectionMemory): number {
  const next = (view.getUint32(Header.epochCounter, true) + 1) >>> 0 || 1;
  view.setUint32(Header.epochCounter, next, true);
  return next;
}

/** True if the directory entry of a peer for `ownId` still names `place` and the magic stands. */
export function placeStands(peer: SectionMemory, ownId: number, place: RingPlace): boolean {
  return observe(peer.words, Header.magic / 4) === MAGIC && samePlace(readPlace(peer, ownId), place);
}

/** Epoch of the peer for `ownId`, or 0 while the peer's section is not one of this wire. */
export function observeEpoch(peer: SectionMemory, ownId: number): number {
  if (observe(peer.words, Header.magic / 4) !== MAGIC) {
    return 0;
  }
  return observe(peer.words, epochIndex(ownId)) >>> 0;
}

/**
 * Reads and checks what a peer says of its section. The caller observes the epoch before and after.
 * @throws Fault `version` or `geometry`, saying what was wanted and found.
 */
export function readPeerGeometry(peer: SectionMemory, ownId: number, expected: ExpectedHeader): PeerGeometry {
  const { view } = peer;
  checkEqual("wire version", view.getUint16(Header.version, true), WIRE_VERSION);
  checkEqual("peer id", view.getUint16(Header.peerId, true), expected.peerId);
  checkEqual("section size", view.getUint32(Header.sectionSize, true), expected.sectionSize);
  checkEqual("number of peers", view.getUint16(Header.maxPeers, true), expected.maxPeers);
  const place = readPlace(peer, ownId);
  const geometry: PeerGeometry = {
    place,
    vector: view.getUint16(Header.vector, true),
    heartbeatIntervalMs: view.getUint32(Header.heartbeatIntervalMs, true),
    broadcastControl: view.getUint32(Header.broadcastControl, true),
    broadcastRing: view.getUint32(Header.broadcastRing, true),
    broadcastCapacity: view.getUint32(Header.broadcastCapacity, true),
    latestOffset: view.getUint32(Header.latestOffset, true),
    latestSize: view.getUint32(Header.latestSize, true),
  };
  checkReserved(view);
  checkParts(geometry, expected);
  return geometry;
}

function checkReserved(view: DataView): void {
  let found = view.getUint32(Header.flags, true);
  for (let offset: number = Header.reserved; offset < HEADER_BYTES; offset += 4) {
    found |= view.getUint32(offset, true);
  }
  if (found !== 0) {
    throw new Fault(FaultCode.reserved, "Its header has bits set that must be zero in version 1");
  }
}

function checkParts(geometry: PeerGeometry, expected: ExpectedHeader): void {
  const { place } = geometry;
  checkPart("control block", place.control, CONTROL_BYTES, expected);
  checkRing("ring", place.ring, place.capacity, expected);
  if (geometry.broadcastCapacity !== 0) {
    checkPart("broadcast control line", geometry.broadcastControl, LINE_BYTES, expected);
    checkRing("broadcast ring", geometry.broadcastRing, geometry.broadcastCapacity, expected);
  }
  if (geometry.latestSize !== 0) {
    checkPart("latest-value region", geometry.latestOffset, geometry.latestSize, expected);
  }
  if (geometry.vector >= expected.vectors) {
    throw new Fault(
      FaultCode.geometry,
      `Its doorbell vector is ${geometry.vector}, but the device has ${expected.vectors} vector(s)`,
    );
  }
}

function checkRing(what: string, offset: number, capacity: number, expected: ExpectedHeader): void {
  if (capacity < MIN_RING_BYTES || capacity > MAX_RING_BYTES || powerOfTwoBelow(capacity) !== capacity) {
    throw new Fault(
      FaultCode.geometry,
      `Its ${what} has a capacity of ${capacity}, wanted a power of two from ${MIN_RING_BYTES} to ${MAX_RING_BYTES}`,
    );
  }
  checkPart(what, offset, capacity, expected);
}

function checkPart(what: string, offset: number, size: number, expected: ExpectedHeader): void {
  if (!isPart(offset, size, expected.sectionSize, expected.maxPeers)) {
    throw new Fault(
      FaultCode.geometry,
      `Its ${what} at ${offset} with ${size} bytes is misaligned or outside its section of ${expected.sectionSize} bytes`,
    );
  }
}

function checkEqual(what: string, found: number, wanted: number): void {
  if (found !== wanted) {
    throw new Fault(FaultCode.version, `Its header says ${what} ${found}, wanted ${wanted}`);
  }
}
