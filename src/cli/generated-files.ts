import type { GeneratedFile } from "../gen/c-header.js";
import { compareFiles } from "../gen/files.js";
import { CommandFailure } from "./exit.js";

/**
 * Prints a line for each generated file that is not up to date in a folder.
 *
 * @param what the files are, in the plural.
 * @param remedy the command that writes them.
 * @throws CommandFailure if there is one.
 */
export function checkFiles(folder: string, files: readonly GeneratedFile[], what: string, remedy: string): void {
  const differences = compareFiles(folder, files);
  for (const line of differences) process.stdout.write(`${line}\n`);
  if (differences.length === 0) return;
  const found = `${differences.length} of ${files.length} ${what} in ${folder} are not up to date`;
  throw new CommandFailure(`${found}: run ${remedy}`);
}

/** Prints a line for each generated file: whether it was written. */
export function reportFiles(files: readonly GeneratedFile[], changed: readonly string[]): void {
  for (const { name } of files) {
    process.stdout.write(`${name}: ${changed.includes(name) ? "written" : "unchanged"}\n`);
  }
}
