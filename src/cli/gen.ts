import { generateHeaders } from "../gen/c-header.js";
import { compareFiles, writeFiles } from "../gen/files.js";
import { loadProtocols } from "../gen/load-protocols.js";
import { CommandFailure } from "./exit.js";

/** Options of `intercell gen c`. */
export interface GenOptions {
  /** Folder of the headers. */
  readonly output: string;
  /** The only export to take. */
  readonly name?: string | undefined;
  /** Whether to hold the headers against the protocols instead of writing them. @defaultValue `false` */
  readonly check?: boolean | undefined;
}

/**
 * Generates the C headers of the protocols that a module exports, or tells those that are not up to date.
 *
 * @throws CommandFailure if a check finds a difference; TypeError, RangeError, IntercellError as `loadProtocols`,
 * `generateHeaders` and `writeFiles` do.
 */
export async function runGen(module: string, { output, name, check = false }: GenOptions): Promise<void> {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const files = generateHeaders(await loadProtocols(module, name));
  if (check) {
    const differences = compareFiles(output, files);
    for (const line of differences) print(line);
    if (differences.length === 0) return;
    const found = `${differences.length} of ${files.length} headers in ${output} are not up to date`;
    throw new CommandFailure(`${found}: run intercell gen c ${module} -o ${output}`);
  }
  const changed = writeFiles(output, files);
  for (const file of files) print(`${file.name}: ${changed.includes(file.name) ? "written" : "unchanged"}`);
}
