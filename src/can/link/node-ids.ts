import { type CanFilter, exactFilter } from "../filter.js";
import { type CanId, extendedId, idBits, isCanId, isExtended, standardId } from "../id.js";
import { IdFlag } from "../layout.js";

/** What a frame of a link is, in the two bits above the addresses; the lowest has the first turn on the bus. */
export const LinkFrame = { control: 0, data: 1, broadcast: 2, silent: 3 } as const;
export type LinkFrame = (typeof LinkFrame)[keyof typeof LinkFrame];

/** Where the ids of links begin unless a program says otherwise. */
export const DEFAULT_BASE: CanId = extendedId(0x1abc_0000);

const KIND_BITS = 2;

/**
 * The ids of all links on a bus (docs/can-wire.md, section 1): base, then two bits of {@link LinkFrame}, the node it is for, and
 * the node that sends it.
 */
export class NodeIds {
  readonly base: CanId;
  /** Address of all nodes at once; nodes have those below it. */
  readonly everybody: number;
  readonly #bits: number;

  /** @throws RangeError if the low bits of `base`, 18 of an extended and 8 of a standard id, are not zero. */
  constructor(base: CanId) {
    if (!isCanId(base)) throw new RangeError("The base of CAN links is made by standardId() or extendedId()");
    this.#bits = isExtended(base) ? 8 : 3;
    this.everybody = 2 ** this.#bits - 1;
    this.base = base;
    const low = KIND_BITS + 2 * this.#bits;
    if (idBits(base) % 2 ** low !== 0) {
      throw new RangeError(
        `The low ${low} bits of the base of CAN links are zero, which 0x${idBits(base).toString(16)} is not`,
      );
    }
  }

  /** @throws RangeError if it is not the address of one node. */
  requireNode(what: string, node: number): number {
    if (Number.isInteger(node) && node >= 0 && node < this.everybody) return node;
    const kind = isExtended(this.base) ? "extended" : "standard";
    const found = typeof node === "number" ? node : JSON.stringify(node);
    throw new RangeError(`${what} is an integer from 0 to ${this.everybody - 1} with an ${kind} base, not ${found}`);
  }

  id(kind: LinkFrame, to: number, from: number): CanId {
    const bits = idBits(this.base) + ((kind << (2 * this.#bits)) | (to << this.#bits) | from);
    return isExtended(this.base) ? extendedId(bits) : standardId(bits);
  }

  /** The node that sent a frame of a link. */
  senderOf(id: CanId): number {
    return idBits(id) & this.everybody;
  }

  /** Lets control frames to one node pass. */
  controlFilter(to: number): CanFilter {
    return this.#filter(LinkFrame.control, to, 0, ~this.everybody);
  }

  /** Lets whatever a node sends pass, or what it sends of one kind. */
  senderFilter(from: number, kind?: LinkFrame): CanFilter {
    const others = kind === undefined ? KIND_BITS + this.#bits : this.#bits;
    return this.#filter(kind ?? 0, 0, from, ~((2 ** others - 1) << this.#bits));
  }

  #filter(kind: LinkFrame, to: number, from: number, mask: number): CanFilter {
    const exact = exactFilter(this.id(kind, to, from));
    const flags = IdFlag.EXTENDED + IdFlag.REMOTE;
    return { ...exact, mask: ((exact.mask & mask) | flags) >>> 0 };
  }
}
