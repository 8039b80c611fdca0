import type { Stats } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";

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
  for (const pid of (await readdir(procRoot)).filter((name) => /^\d+$/.test(name))) {
    const folder = join(procRoot, pid);
    const held = await holds(folder, path, wanted);
    if (held === undefined) unseenCount += 1;
    else if (held) holders.push({ pid: Number(pid), command: await commandOf(folder) });
  }
  return { holders, unseenCount };
}

/** Undefined if this process may not look. */
async function holds(folder: string, path: string, wanted: Stats): Promise<boolean | undefined> {
  let descriptors: readonly string[];
  try {
    descriptors = await readdir(join(folder, "fd"));
  } catch (error) {
    return isGone(error) ? false : undefined;
  }
  for (const descriptor of descriptors) {
    if (await isSame(join(folder, "fd", descriptor), wanted)) return true;
  }
  // A mapping keeps the device open though its descriptor is closed.
  const maps = await readFile(join(folder, "maps"), "utf8").catch(() => "");
  return maps.split("\n").some((line) => line.endsWith(` ${path}`));
}

async function isSame(link: string, wanted: Stats): Promise<boolean> {
  try {
    // Sockets, pipes and the like have no path.
    if (!(await readlink(link)).startsWith("/")) return false;
    const found = await stat(link);
    if (wanted.isCharacterDevice()) return found.isCharacterDevice() && found.rdev === wanted.rdev;
    return found.dev === wanted.dev && found.ino === wanted.ino;
  } catch {
    return false;
  }
}

async function commandOf(folder: string): Promise<string> {
  const words = await readFile(join(folder, "cmdline"), "utf8").catch(() => "");
  return words.replace(/\0+$/, "").replaceAll("\0", " ").slice(0, MOST_COMMAND_LENGTH);
}

/** The process ended while it was looked at. */
function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH");
}
