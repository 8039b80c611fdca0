import { readdirSync, readFileSync, readlinkSync, type Stats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";

/** A process that has a device open. */
export interface DeviceHolder {
  readonly pid: number;
  /** Its command line, at most 80 characters of it; empty if that cannot be read. */
  readonly command: string;
}

/** What {@link findHolders} found out. */
export interface HolderSearch {
  readonly holders: readonly DeviceHolder[];
  /** Processes whose descriptors may not be looked at, as they belong to another user. */
  readonly unseenCount: number;
}

const MOST_COMMAND_LENGTH = 80;

/** Time in milliseconds after which the search lets the event loop have its turn. */
const SLICE_MS = 2;

/**
 * The processes that have the file at `path` open or mapped, this one included, without opening it. A device node is
 * recognised by its number, whatever name it was opened under. Processes come and go meanwhile, so the result is a snapshot.
 *
 * @throws the error of stat(2) if there is no such file.
 */
export async function findHolders(path: string, procRoot = "/proc"): Promise<HolderSearch> {
  const wanted = await stat(path);
  const holders: DeviceHolder[] = [];
  let unseenCount = 0;
  let sliceEndMs = performance.now() + SLICE_MS;
  for (const pid of readdirSync(procRoot).filter((name) => /^\d+$/.test(name))) {
    const folder = join(procRoot, pid);
    // Files of /proc are made in memory: the thread pool would cost ten times what reading them does.
    const held = holds(folder, path, wanted);
    if (held === undefined) unseenCount += 1;
    else if (held) holders.push({ pid: Number(pid), command: commandOf(folder) });
    if (performance.now() < sliceEndMs) continue;
    await turn();
    sliceEndMs = performance.now() + SLICE_MS;
  }
  return { holders, unseenCount };
}

/** Undefined if this process may not look. */
function holds(folder: string, path: string, wanted: Stats): boolean | undefined {
  let descriptors: readonly string[];
  try {
    descriptors = readdirSync(join(folder, "fd"));
  } catch (error) {
    return isGone(error) ? false : undefined;
  }
  if (descriptors.some((descriptor) => isSame(join(folder, "fd", descriptor), wanted))) return true;
  // A mapping keeps the device open though its descriptor is closed.
  return readText(join(folder, "maps"))
    .split("\n")
    .some((line) => line.endsWith(` ${path}`));
}

function isSame(link: string, wanted: Stats): boolean {
  try {
    // Sockets, pipes and the like have no path.
    if (!readlinkSync(link).startsWith("/")) return false;
    const found = statSync(link);
    if (wanted.isCharacterDevice()) return found.isCharacterDevice() && found.rdev === wanted.rdev;
    return found.dev === wanted.dev && found.ino === wanted.ino;
  } catch {
    return false;
  }
}

function commandOf(folder: string): string {
  return readText(join(folder, "cmdline")).replace(/\0+$/, "").replaceAll("\0", " ").slice(0, MOST_COMMAND_LENGTH);
}

/** Empty if it cannot be read. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The process ended while it was looked at. */
function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH");
}
