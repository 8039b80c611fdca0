import { readDbc } from "../can/dbc/index.js";
import { writeFiles } from "../gen/files.js";
import { GENERATED_TYPES_MARK, generateTypes } from "../gen/ts-types.js";
import { CommandFailure } from "./exit.js";
import { checkFiles, reportFiles } from "./generated-files.js";

/** Options of `intercell gen ts`. */
export interface GenTsOptions {
  /** Folder of the types. */
  readonly output: string;
  /** Whether to hold the types against the DBC files instead of writing them. @defaultValue `false` */
  readonly check?: boolean | undefined;
}

/**
 * Generates the TypeScript types of DBC files, or tells those that are not up to date.
 *
 * @throws CommandFailure if a check finds a difference, or two files would have one name; IntercellError as `readDbc` and
 * `writeFiles` do.
 */
export async function runGenTs(paths: readonly string[], { output, check = false }: GenTsOptions): Promise<void> {
  const files = await Promise.all(paths.map(async (path) => generateTypes(await readDbc(path), path)));
  const names = files.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new CommandFailure(`Two of the files would become ${twice}: rename one`);
  if (check) checkFiles(output, files, "files of types", `intercell gen ts ${paths.join(" ")} -o ${output}`);
  else reportFiles(files, writeFiles(output, files, GENERATED_TYPES_MARK));
}
