import { type ExtendedId, idBits } from "../id.js";

/** PDU formats from here on are broadcasts whose group is told by the PDU specific field too (SAE J1939-21, PDU2). */
const FIRST_PDU2 = 240;

/**
 * The parameter group number of an extended id (SAE J1939-21): data pages, PDU format, and the PDU specific field where it is no
 * destination address. Priority and source address are not in it.
 *
 * ```
 * bit  28..26    25   24   23..16       15..8          7..0
 *      priority  EDP  DP   PDU format   PDU specific   source address
 * ```
 */
export function pgnOf(id: ExtendedId): number {
  const bits = idBits(id);
  const group = (bits >>> 8) & 0x3_ffff;
  return ((group >>> 8) & 0xff) >= FIRST_PDU2 ? group : group & ~0xff;
}
