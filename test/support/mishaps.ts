import { readSeed } from "./seed.js";

/** How often each of what is sent arrives: loses one in eight and doubles one in eight, the same for the seed of the run. */
export function mishaps(): () => number {
  let state = readSeed() >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const draw = state >>> 29;
    return draw === 0 ? 0 : draw === 1 ? 2 : 1;
  };
}
