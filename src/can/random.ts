/** Numbers from 0 up to but not including 1, the same for the same seed. */
export type Random = () => number;

/** Added in each step: 2^32 divided by the golden ratio, odd. */
const STEP = 0x9e37_79b9;

/**
 * A generator of 32 bits of state: a counter whose values are mixed by the finaliser of MurmurHash3 (Austin Appleby, public
 * domain). Good enough to choose frames, and for nothing secret.
 */
export function createRandom(seed: number): Random {
  let counter = seed | 0;
  return () => {
    counter = (counter + STEP) | 0;
    let mixed = counter ^ (counter >>> 16);
    mixed = Math.imul(mixed, 0x85eb_ca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2_ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
