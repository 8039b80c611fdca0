import { generateHeaders } from "../gen/c-header.js";
import { writeFiles } from "../gen/files.js";
import { loadProtocols } from "../gen/load-protocols.js";
import { checkFiles, reportFiles } from "./generated-files.js";

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
  const files = generateHeaders(await loadProtocols(module, name));
  if (check) checkFiles(output, files, "headers", `intercell gen c ${module} -o ${output}`);
  else reportFiles(files, writeFiles(output, files));
}
