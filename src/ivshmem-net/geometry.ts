import { ErrorCode, IntercellError } from "../errors.js";

/*
 * Where the parts of a section lie, for either side alike. A vring of n descriptors (virtio 1.x, linux/virtio_ring.h) lies at
 * offset 0, and frames fill the rest:
 *
 *   0            16 n          align 64                             align 64
 *   | desc[n]    | avail       | used                               | frames ...
 *     16 bytes     flags   u16   flags       u16
 *                  idx     u16   idx         u16
 *                  ring[n] u16   {id, len}   u32, u32, n times
 *                  used_event    avail_event u16
 *
 * desc and avail announce the frames that the section's owner sends; used acknowledges those that it received, which is
 * the part that in a plain virtqueue lies with the other side.
 */

/** Alignment of `used`, of the frames and of each frame's slot in bytes (`IVSHM_NET_VQ_ALIGN`; a cache line). */
export const ALIGN_BYTES = 64;

/** Bytes of a slot that no frame uses (Linux, `IVSHM_NET_FRAME_SIZE`): an Ethernet header with a VLAN tag. */
export const SLOT_SPARE_BYTES = 18;

/** Ethernet header with a VLAN tag: what a frame is longer by than its payload, at most. */
export const HEADER_BYTES = 18;

/** Ethernet header: the shortest frame. */
export const MIN_FRAME_BYTES = 14;

/** Smallest MTU of an interface (RFC 791). */
export const MIN_MTU = 68;

const LONGEST_QUEUE = 4096;
const SHORTEST_QUEUE = 32;
const DEFAULT_MTU_LIMIT = 16_384;
const MTU_LIMIT = 65_535;

const DESCRIPTOR_BYTES = 16;
const USED_ELEMENT_BYTES = 8;

/** Offsets in bytes from the begin of a section. */
export interface NetGeometry {
  readonly sectionBytes: number;
  /** Number of descriptors, a power of two from 32 to 4096. */
  readonly queueLength: number;
  readonly availOffset: number;
  readonly usedEventOffset: number;
  readonly usedOffset: number;
  readonly availEventOffset: number;
  /** Where the frames begin. */
  readonly dataOffset: number;
  readonly dataBytes: number;
  /** What Linux's driver sets. */
  readonly defaultMtu: number;
  /** The most that Linux's driver takes. */
  readonly maxMtu: number;
}

/**
 * Divides a section as the drivers of Linux and Zephyr do.
 *
 * Both halve the queue length until the vring takes less than an eighth of the section. If none above 32 does, the length
 * is 32, but the frames begin where they would behind a vring of 64.
 *
 * @throws IntercellError `ERR_CONFIG` if the section has no room for four of the smallest packets.
 */
export function netGeometry(sectionBytes: number): NetGeometry {
  let queueLength = LONGEST_QUEUE;
  let dataOffset = 0;
  for (; queueLength > SHORTEST_QUEUE; queueLength /= 2) {
    dataOffset = align(vringBytes(queueLength));
    if (dataOffset < sectionBytes / 8) break;
  }
  const dataBytes = sectionBytes - dataOffset;
  if (dataBytes < 4 * MIN_MTU) {
    throw new IntercellError(
      ErrorCode.CONFIG,
      `A section of ${sectionBytes} bytes is too small for ivshmem-net, whose rings take ${dataOffset} and four packets ` +
        `${4 * MIN_MTU}. Enlarge the output sections in the cell configurations; Jailhouse's own have 0x7f000.`,
    );
  }
  const availOffset = DESCRIPTOR_BYTES * queueLength;
  const usedOffset = align(availBytes(queueLength) + availOffset);
  return {
    sectionBytes,
    queueLength,
    availOffset,
    usedEventOffset: availOffset + 4 + 2 * queueLength,
    usedOffset,
    availEventOffset: usedOffset + 4 + USED_ELEMENT_BYTES * queueLength,
    dataOffset,
    dataBytes,
    defaultMtu: Math.min(DEFAULT_MTU_LIMIT, Math.floor(dataBytes / 16)),
    maxMtu: Math.min(MTU_LIMIT, Math.floor(dataBytes / 4)),
  };
}

/** Bytes that a frame takes of the sender's section. */
export function slotBytes(frameBytes: number): number {
  return align(SLOT_SPARE_BYTES + frameBytes);
}

/** flags, idx, ring and used_event. */
function availBytes(queueLength: number): number {
  return 2 * (3 + queueLength);
}

function vringBytes(queueLength: number): number {
  const usedOffset = align(DESCRIPTOR_BYTES * queueLength + availBytes(queueLength));
  return usedOffset + 3 * 2 + USED_ELEMENT_BYTES * queueLength;
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGN_BYTES) * ALIGN_BYTES;
}
