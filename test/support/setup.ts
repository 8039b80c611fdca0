import fc from "fast-check";

/**
 * The seed of every property test in this process. The same for all files of one run, so that a failure is repeated
 * with `INTERCELL_SEED=<seed> npx vitest run <file>`.
 */
const seed = readSeed(process.env["INTERCELL_SEED"]);

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

function readSeed(text: string | undefined): number {
  if (text === undefined || text === "") {
    throw new Error("Cannot seed the property tests as INTERCELL_SEED is not set: start the tests through Vitest.");
  }
  const value = Number(text);
  if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0x7fff_ffff) {
    throw new RangeError(`INTERCELL_SEED must be a signed 32-bit integer, found "${text}"`);
  }
  return value;
}
