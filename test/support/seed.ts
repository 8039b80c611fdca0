const VARIABLE = "INTERCELL_SEED";

/**
 * Chooses the seed of the property tests for the whole run, unless the environment names one. To be called before any
 * worker starts: workers inherit it through the environment, so one number repeats all of them.
 */
export function chooseSeed(): void {
  process.env[VARIABLE] ||= String(Math.trunc(Math.random() * 0x7fff_ffff));
}

/** The seed of this run, a signed 32-bit integer as fast-check takes it. */
export function readSeed(): number {
  const text = process.env[VARIABLE];
  const value = Number(text);
  if (text === undefined || text === "" || !Number.isInteger(value) || value !== (value | 0)) {
    throw new RangeError(`${VARIABLE} must be a signed 32-bit integer, found "${text}"`);
  }
  return value;
}
