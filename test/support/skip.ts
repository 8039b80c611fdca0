/**
 * What a machine may lack even in CI. A skip for any other reason fails the run there, as CI installs what the suite
 * needs.
 */
export const Absence = {
  ivshmemDevice: "this machine has no ivshmem device",
  canInterface: "this kernel offers no CAN interface",
} as const;

const allowedReasons: readonly string[] = Object.values(Absence);

/** The options of a test or suite that may be skipped. */
export interface SkipOptions {
  readonly skip?: true;
  readonly meta?: { readonly skipReason: string };
}

declare module "vitest" {
  interface TaskMeta {
    skipReason?: string;
  }
}

/**
 * Options that skip a test or suite unless the condition holds: `test("name", skipUnless(hasGcc, "gcc is missing"), fn)`.
 * The reason is printed at the end of the run. With `CI=true` the run fails unless the reason is one of {@link Absence}.
 */
export function skipUnless(condition: boolean, reason: string): SkipOptions {
  if (reason.trim() === "") {
    throw new TypeError("skipUnless needs a reason, found an empty text");
  }
  // `skip: false` on a suite would run the tests in it that are skipped on their own account.
  return condition ? {} : { skip: true, meta: { skipReason: reason } };
}

/** Whether a test skipped for this reason (undefined: by another way than {@link skipUnless}) may be missing in CI. */
export function isAllowedInCi(reason: string | undefined): boolean {
  return reason !== undefined && allowedReasons.includes(reason);
}
