/**
 * Chooses the property tests' seed once for the whole run, before any worker starts, and prints it. Workers inherit it
 * through the environment, so one number repeats all of them.
 */
export function setup(): void {
  process.env["INTERCELL_SEED"] ||= String(Math.trunc(Math.random() * 0x7fff_ffff));
  console.log(`INTERCELL_SEED=${process.env["INTERCELL_SEED"]}`);
}
