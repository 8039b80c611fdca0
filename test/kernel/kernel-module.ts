import { execFileSync } from "node:child_process";

/** Loads modules of the guest's kernel and all that they need. Those of a lane (`rig/lanes.mjs`) are there already. */
export function loadKernelModules(...names: readonly string[]): void {
  execFileSync("modprobe", ["-d", rigVariable("INTERCELL_KERNEL_ROOT"), "-a", ...names]);
}

/** What the rig tells its tests in the environment. */
export function rigVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new TypeError(`${name} is not set: run these tests by npm run test:kernel`);
  return value;
}
