import type { CanFrame } from "./frame.js";
import { idBits, isExtended } from "./id.js";

/**
 * Where a frame stands in arbitration: of two frames that begin together the one with the lower key goes first. The key is
 * the bits of the arbitration field in the order of the wire, dominant 0 and recessive 1, up to the bits that tell the
 * frame formats apart (ISO 11898-1):
 *
 * ```
 * base id 11 | RTR/RRS or SRR 1 | IDE 1 | id extension 18 | RTR/RRS 1 | FDF 1 | XLF 1
 * ```
 *
 * So a data frame goes before a remote frame with its id, a standard id before the extended ids that begin with it, and a
 * classic frame before a CAN FD frame. An error frame takes no part: it interrupts whatever is sent.
 */
export function arbitrationKey(frame: CanFrame): number {
  switch (frame.kind) {
    case "error":
      return -1;
    case "xl":
      return keyOf(frame.priority, 0, false, 0, true, true);
    case "data":
    case "remote":
    case "fd": {
      const remote = frame.kind === "remote" ? 1 : 0;
      const isFd = frame.kind === "fd";
      if (!isExtended(frame.id)) return keyOf(frame.id, remote, false, 0, isFd, false);
      const bits = idBits(frame.id);
      return keyOf(bits >>> 18, 1, true, ((bits & 0x3ffff) << 1) | remote, isFd, false);
    }
  }
}

function keyOf(base: number, next: number, ide: boolean, extension: number, fdf: boolean, xlf: boolean): number {
  // 34 bits, which bitwise operators would cut.
  const head = (base * 2 + next) * 2 + (ide ? 1 : 0);
  return ((head * 2 ** 19 + extension) * 2 + (fdf ? 1 : 0)) * 2 + (xlf ? 1 : 0);
}
