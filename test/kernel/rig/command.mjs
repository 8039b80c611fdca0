import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** What the rig misses on this computer; the message says how to get it. */
export class MissingError extends Error {}

/**
 * Runs a command to its end and gives its standard output.
 *
 * @param {string} command
 * @param {readonly string[]} parameters
 * @param {{ cwd?: string, input?: string | Uint8Array }} [options]
 * @returns {Buffer}
 * @throws {Error} with what the command printed, if it does not end with 0.
 */
export function run(command, parameters, options = {}) {
  const result = spawnSync(command, parameters, { ...options, maxBuffer: 256 * 1024 * 1024 });
  if (result.error !== undefined || result.status !== 0) {
    const why = result.error?.message ?? `it ended with ${result.signal ?? `exit code ${result.status}`}`;
    const printed = `${result.stdout ?? ""}${result.stderr ?? ""}`.slice(-4000).trimEnd();
    throw new Error(`Cannot run "${[command, ...parameters].join(" ")}": ${why}\n${printed}`);
  }
  return result.stdout;
}

/**
 * The full path of a program, looked for in the folders that only root has in its PATH, too.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function findProgram(name) {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The full paths of programs by their names.
 *
 * @param {Readonly<Record<string, string>>} packages - The Debian package of each program.
 * @returns {Record<string, string>}
 * @throws {MissingError} which names the packages of all that are missing.
 */
export function requirePrograms(packages) {
  const found = Object.keys(packages).map((name) => [name, findProgram(name)]);
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0) {
    const wanted = [...new Set(missing.map((name) => packages[name]))];
    throw new MissingError(
      `The kernel rig needs ${missing.join(", ")}. On Debian: apt-get install --no-install-recommends ${wanted.join(" ")}`,
    );
  }
  return Object.fromEntries(found);
}
