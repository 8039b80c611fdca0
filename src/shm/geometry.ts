import { ErrorCode, IntercellError } from "../errors.js";
import { CONTROL_BYTES, fixedBytes, LINE_BYTES, MAX_RING_BYTES, MIN_RING_BYTES, powerOfTwoBelow } from "./layout.js";

/** Where the ring of one pair of cells lies in a section. */
export interface RingPlace {
  /** Offset of the control block. */
  readonly control: number;
  readonly ring: number;
  /** A power of two. */
  readonly capacity: number;
}

/** How an owner divides its output section. Offsets and sizes in bytes; absent parts are 0. */
export interface Geometry {
  readonly sectionSize: number;
  readonly maxPeers: number;
  readonly peerId: number;
  /** By peer id; undefined for the owner itself and for peers it does not talk to. */
  readonly rings: readonly (RingPlace | undefined)[];
  readonly broadcastControl: number;
  readonly broadcastRing: number;
  readonly broadcastCapacity: number;
  readonly latestOffset: number;
  readonly latestSize: number;
}

export interface PartitionOptions {
  /** Ids of the peers to have a ring to. @defaultValue all others */
  readonly peers?: readonly number[];
  /** Capacity of each ring, a power of two. @defaultValue the largest that fits */
  readonly ringBytes?: number;
  /** Capacity of the broadcast ring, a power of two, or 0 for none. @defaultValue the largest up to an eighth of the section */
  readonly broadcastBytes?: number;
  /** Least size of the latest-value region, which gets whatever is left. @defaultValue an eighth of the section */
  readonly latestBytes?: number;
}

/**
 * Divides a section of `sectionSize` bytes: header, heartbeat, directory, control blocks and then rings by peer id,
 * broadcast, latest values. Where the section is too small for the defaults, it does without broadcast, then without
 * latest values.
 *
 * @throws RangeError for options that contradict themselves; IntercellError `ERR_CONFIG` if the section is too small for them.
 */
export function partitionSection(
  sectionSize: number,
  maxPeers: number,
  peerId: number,
  options: PartitionOptions = {},
): Geometry {
  const peers = servedPeers(maxPeers, peerId, options.peers);
  checkCapacity("ringBytes", options.ringBytes ?? MIN_RING_BYTES, false);
  checkCapacity("broadcastBytes", options.broadcastBytes ?? 0, true);
  const { latestBytes: wantedLatest = 0 } = options;
  if (!Number.isInteger(wantedLatest) || wantedLatest < 0) {
    throw new RangeError(`latestBytes must be a number of bytes or 0, not ${wantedLatest}`);
  }
  const eighth = Math.floor(sectionSize / 8);
  const broadcasts = options.broadcastBytes === undefined ? [defaultBroadcast(eighth), 0] : [options.broadcastBytes];
  const latests = options.latestBytes === undefined ? [eighth, 0] : [options.latestBytes];
  for (const latestBytes of latests) {
    for (const broadcastBytes of broadcasts) {
      const overhead = broadcastBytes + (broadcastBytes === 0 ? 0 : LINE_BYTES) + latestBytes;
      const room = sectionSize - fixedBytes(maxPeers) - peers.length * CONTROL_BYTES - overhead;
      const capacity = options.ringBytes ?? Math.min(powerOfTwoBelow(room / peers.length), MAX_RING_BYTES);
      if (capacity >= MIN_RING_BYTES && capacity * peers.length <= room) {
        return place(sectionSize, maxPeers, peerId, peers, capacity, broadcastBytes);
      }
    }
  }
  throw tooSmall(sectionSize, maxPeers, peers.length, options);
}

function place(
  sectionSize: number,
  maxPeers: number,
  peerId: number,
  peers: readonly number[],
  capacity: number,
  broadcastCapacity: number,
): Geometry {
  const controls = fixedBytes(maxPeers);
  const ringsStart = controls + peers.length * CONTROL_BYTES;
  const broadcastControl = ringsStart + capacity * peers.length;
  const broadcastRing = broadcastControl + LINE_BYTES;
  const latestOffset = broadcastCapacity === 0 ? broadcastControl : broadcastRing + broadcastCapacity;
  const latestSize = Math.floor((sectionSize - latestOffset) / LINE_BYTES) * LINE_BYTES;
  const rings: (RingPlace | undefined)[] = Array.from({ length: maxPeers }, () => undefined);
  peers.forEach((peer, index) => {
    rings[peer] = { control: controls + index * CONTROL_BYTES, ring: ringsStart + index * capacity, capacity };
  });
  return {
    sectionSize,
    maxPeers,
    peerId,
    rings,
    broadcastControl: broadcastCapacity === 0 ? 0 : broadcastControl,
    broadcastRing: broadcastCapacity === 0 ? 0 : broadcastRing,
    broadcastCapacity,
    latestOffset: latestSize === 0 ? 0 : latestOffset,
    latestSize,
  };
}

function tooSmall(sectionSize: number, maxPeers: number, peers: number, options: PartitionOptions): IntercellError {
  const broadcastBytes = options.broadcastBytes ?? 0;
  const least =
    fixedBytes(maxPeers) +
    peers * (CONTROL_BYTES + (options.ringBytes ?? MIN_RING_BYTES)) +
    (broadcastBytes === 0 ? 0 : LINE_BYTES + broadcastBytes) +
    (options.latestBytes ?? 0);
  return new IntercellError(
    ErrorCode.CONFIG,
    `An output section of ${sectionSize} bytes is too small for ${peers} rings and what else is asked for, which need ` +
      `${least}; configure larger output sections, name fewer peers, or lower ringBytes, broadcastBytes or latestBytes`,
  );
}

function servedPeers(maxPeers: number, peerId: number, wanted: readonly number[] | undefined): number[] {
  if (wanted === undefined) {
    return Array.from({ length: maxPeers }, (_, peer) => peer).filter((peer) => peer !== peerId);
  }
  const peers = [...new Set(wanted)].sort((a, b) => a - b);
  for (const peer of peers) {
    if (!Number.isInteger(peer) || peer < 0 || peer >= maxPeers || peer === peerId) {
      throw new RangeError(
        `Peer ${peer} is not one of the other peers of a device with ${maxPeers} peers, seen from ${peerId}`,
      );
    }
  }
  if (peers.length === 0) {
    throw new RangeError("At least one peer must be named");
  }
  return peers;
}

function defaultBroadcast(mostBytes: number): number {
  const capacity = Math.min(powerOfTwoBelow(mostBytes), MAX_RING_BYTES);
  return capacity < MIN_RING_BYTES ? 0 : capacity;
}

function checkCapacity(name: string, capacity: number, orNone: boolean): void {
  if (orNone && capacity === 0) {
    return;
  }
  if (powerOfTwoBelow(capacity) !== capacity || capacity < MIN_RING_BYTES || capacity > MAX_RING_BYTES) {
    throw new RangeError(`${name} must be a power of two from ${MIN_RING_BYTES} to ${MAX_RING_BYTES}, not ${capacity}`);
  }
}

/** True if `offset .. offset + size` is a line-aligned part of a section behind its fixed parts. */
export function isPart(offset: number, size: number, sectionSize: number, maxPeers: number): boolean {
  return offset % LINE_BYTES === 0 && offset >= fixedBytes(maxPeers) && offset + size <= sectionSize;
}

/** Same rings at the same places: what one session left can be read in the next. */
export function samePlace(a: RingPlace | undefined, b: RingPlace | undefined): boolean {
  return a?.control === b?.control && a?.ring === b?.ring && a?.capacity === b?.capacity;
}
