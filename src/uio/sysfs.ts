import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { requireKnownKeys } from "../errors.js";

/** Where the kernel's files lie; other roots let a copied tree be looked at. */
export interface UioRootOptions {
  /** @defaultValue "/sys" */
  readonly sysfsRoot?: string | undefined;
  /** @defaultValue "/dev" */
  readonly deviceDirectory?: string | undefined;
  /** @defaultValue "/proc" */
  readonly procRoot?: string | undefined;
}

/** {@link UioRootOptions} with nothing left open. */
export interface UioRoots {
  readonly sysfsRoot: string;
  readonly deviceDirectory: string;
  readonly procRoot: string;
}

/** @internal The option keys that every function with {@link UioRootOptions} knows. */
export const ROOT_KEYS: readonly string[] = ["sysfsRoot", "deviceDirectory", "procRoot"];

/** @internal */
export function completeRoots(what: string, options: UioRootOptions, otherKeys: readonly string[] = []): UioRoots {
  requireKnownKeys(what, options, [...ROOT_KEYS, ...otherKeys]);
  const { sysfsRoot = "/sys", deviceDirectory = "/dev", procRoot = "/proc" } = options;
  return { sysfsRoot, deviceDirectory, procRoot };
}

/** @internal The text of a file without its last line end, or `undefined` if it cannot be read. */
export function readAttribute(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").replace(/\n$/, "");
  } catch {
    return undefined;
  }
}

/** @internal A whole number, decimal or with 0x before it, or `undefined` if there is none or it is above 2^53. */
export function readNumber(path: string): number | undefined {
  const text = readAttribute(path)?.trim() ?? "";
  if (!/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** @internal The names in a folder in numerical order, so that `uio10` follows `uio9`; none if it cannot be read. */
export function readNames(path: string): readonly string[] {
  try {
    return readdirSync(path).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  } catch {
    return [];
  }
}

/** @internal The last name in the target of a link, which is how sysfs names a driver; `undefined` if there is no link. */
export function readLinkName(path: string): string | undefined {
  try {
    return basename(readlinkSync(path));
  } catch {
    return undefined;
  }
}
