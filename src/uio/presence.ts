import { statSync } from "node:fs";
import { ErrorCode, IntercellError } from "../errors.js";

/** Longest time in milliseconds that an answer of sysfs is relied on, so that ringing costs no system call each time. */
const TRUSTED_MS = 1;

/**
 * Makes a function that says why a device is gone, or `undefined` while it stands. It stands as long as its folder in sysfs is
 * the one it was at the first look: the folder goes when the driver is unbound, which Jailhouse does before it takes
 * the registers away.
 *
 * @param now - Milliseconds of a clock that only goes forward.
 * @throws IntercellError `ERR_CLOSED` if the device is gone already.
 */
export function createPresenceCheck(
  name: string,
  sysfsPath: string,
  now: () => number = () => performance.now(),
): () => IntercellError | undefined {
  // The kernel gives the folder of a device that came back another inode number.
  const inode = inodeOf(sysfsPath);
  if (inode === undefined) throw goneDevice(name, sysfsPath);
  let lookedAtMs = now();
  return () => {
    const atMs = now();
    if (atMs - lookedAtMs < TRUSTED_MS) return undefined;
    if (inodeOf(sysfsPath) !== inode) return goneDevice(name, sysfsPath);
    lookedAtMs = atMs;
    return undefined;
  };
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function goneDevice(name: string, path: string): IntercellError {
  return new IntercellError(
    ErrorCode.CLOSED,
    `${name} is gone: Jailhouse was disabled or the driver unbound. Open the device again once it is back.`,
    { path },
  );
}
