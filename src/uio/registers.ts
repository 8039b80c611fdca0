/** Byte offsets in the register page of an ivshmem device (ivshmem v2 specification, BAR 0); each register is a u32. */
export const Register = {
  /** Own peer id, read-only. */
  ID: 0x00,
  /** Number of peers, read-only. */
  MAX_PEERS: 0x04,
  /** Bit 0 lets interrupts through; a one-shot device clears it at each delivery. */
  INT_CONTROL: 0x08,
  /** Vector in bits 15:0, target peer in bits 31:16; reads 0. */
  DOORBELL: 0x0c,
  /** Own word of the state table. */
  STATE: 0x10,
} as const;

/** The value of the doorbell register that rings `vector` of `peer`. */
export function doorbellValue(peer: number, vector: number): number {
  return ((peer << 16) | vector) >>> 0;
}
