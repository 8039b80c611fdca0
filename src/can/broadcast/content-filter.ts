import type { CanFrame } from "../frame.js";
import type { CheckedWatch } from "./options.js";

/** Frames that a watch may be about. */
type Content = Extract<CanFrame, { readonly kind: "data" | "fd" }>;

/**
 * Tells which frames of one id bring a change, as the kernel would (bcm_rx_cmp_to_index(), net/can/bcm.c). Multiplexed ones
 * are held against the last of the same page.
 */
export class ContentFilter {
  readonly #watch: CheckedWatch;
  /** By page; what is not multiplexed has one. */
  #last: (Content | undefined)[] = [];

  constructor(watch: CheckedWatch) {
    this.#watch = watch;
  }

  /** Whether the frame is to be told. */
  changes(frame: Content): boolean {
    const { mask, multiplexMask, pages, length } = this.#watch;
    if (multiplexMask === undefined && mask === undefined) return true;
    const page = multiplexMask === undefined ? 0 : pages.findIndex(({ value }) => matches(frame, value, multiplexMask));
    if (page === -1) return false;
    const last = this.#last[page];
    const compared = mask ?? without(pages[page]?.mask ?? new Uint8Array(0), multiplexMask);
    if (last !== undefined && (!length || last.data.length === frame.data.length)) {
      if (matches(frame, last.data, compared)) return false;
    }
    this.#last[page] = frame;
    return true;
  }

  /** The next frame is a change, whatever is in it. */
  forget(): void {
    this.#last = [];
  }
}

/** Whether two contents are the same under a mask; bytes that one of them lacks are 0. */
function matches(frame: Content, data: Uint8Array, mask: Uint8Array): boolean {
  return mask.every((bits, index) => (((frame.data[index] ?? 0) ^ (data[index] ?? 0)) & bits) === 0);
}

function without(mask: Uint8Array, bits: Uint8Array | undefined): Uint8Array {
  return mask.map((byte, index) => byte & ~(bits?.[index] ?? 0));
}
