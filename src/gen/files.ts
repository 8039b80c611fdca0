import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ErrorCode, IntercellError, systemError } from "../errors.js";
import { GENERATED_MARK, type GeneratedFile } from "./c-header.js";

/**
 * Writes generated files to a folder, which is made if need be, and gives the names of those that were not there as
 * they are. The others are left alone, so that `make` builds nothing for them.
 *
 * @param mark what files that may be written over begin with.
 * @throws IntercellError `ERR_IN_USE` if a file of that name was not generated, before any is written; or the errno of
 * what failed.
 */
export function writeFiles(
  folder: string,
  files: readonly GeneratedFile[],
  mark: string = GENERATED_MARK,
): readonly string[] {
  const changed = files.filter(({ name, text }) => {
    const present = readText(join(folder, name));
    if (present !== undefined && !present.startsWith(mark)) throw notGenerated(join(folder, name));
    return present !== text;
  });
  attempt(folder, "make the folder", () => mkdirSync(folder, { recursive: true }));
  for (const { name, text } of changed) {
    const path = join(folder, name);
    attempt(path, "write a generated file", () => writeFileSync(path, text));
  }
  return changed.map(({ name }) => name);
}

/**
 * Holds generated files against those in a folder, and gives a line for each that differs: `path:line: what`.
 *
 * @throws IntercellError with the errno of a file that is there and cannot be read.
 */
export function compareFiles(folder: string, files: readonly GeneratedFile[]): readonly string[] {
  return files.flatMap(({ name, text }) => {
    const path = join(folder, name);
    const present = readText(path);
    if (present === text) return [];
    return present === undefined ? [`${path}: is missing`] : [describeDifference(path, text, present)];
  });
}

function describeDifference(path: string, wanted: string, found: string): string {
  const [wantedLines, foundLines] = [wanted.split("\n"), found.split("\n")];
  const index = wantedLines.findIndex((line, i) => line !== foundLines[i]);
  const at = index < 0 ? wantedLines.length : index;
  const show = (line: string | undefined) => (line === undefined ? "the end" : JSON.stringify(line));
  return `${path}:${at + 1}: wanted ${show(wantedLines[at])}, found ${show(foundLines[at])}`;
}

function readText(path: string): string | undefined {
  return attempt(path, "read a generated file", () => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  });
}

function notGenerated(path: string): IntercellError {
  const advice = "choose another folder, or remove it";
  return new IntercellError(
    ErrorCode.IN_USE,
    `Cannot write ${path} as a file is there that was not generated: ${advice}`,
    {
      path,
    },
  );
}

function attempt<T>(path: string, wanted: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { errno, syscall } = error as NodeJS.ErrnoException;
    if (errno === undefined) throw error;
    throw systemError({ errno, syscall: syscall ?? "open", path, wanted, cause: error });
  }
}
