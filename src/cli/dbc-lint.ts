import { type DbcFinding, lintDbc, readDbc } from "../can/dbc/index.js";
import { CommandFailure } from "./exit.js";

/** What was found, and in which file. */
interface PlacedFinding extends DbcFinding {
  readonly path: string;
}

/**
 * Prints what reading and linting DBC files found: `path:line: severity: message (code)`, or as JSON an array of objects.
 *
 * @param strict whether warnings fail, too.
 * @throws CommandFailure if there is an error; IntercellError if a file cannot be read.
 */
export async function lintDbcFiles(paths: readonly string[], json: boolean, strict: boolean): Promise<void> {
  const perFile = await Promise.all(paths.map(lintFile));
  const findings = perFile.flat();
  const lines = findings.map(({ path, line, severity, code, message }) => {
    return `${path}:${line}: ${severity}: ${message} (${code})\n`;
  });
  process.stdout.write(json ? `${JSON.stringify(findings)}\n` : lines.join(""));
  const failing = findings.filter(({ severity }) => severity === "error" || (strict && severity === "warning"));
  if (failing.length === 0) return;
  const files = new Set(failing.map(({ path }) => path)).size;
  const kinds = strict ? "errors and warnings" : "errors";
  throw new CommandFailure(`${failing.length} ${kinds} in ${files} of ${paths.length} files`);
}

async function lintFile(path: string): Promise<PlacedFinding[]> {
  const dbc = await readDbc(path);
  const findings = [...dbc.warnings, ...lintDbc(dbc)].sort((a, b) => a.line - b.line);
  return findings.map(({ line, severity, code, message }) => ({ path, line, severity, code, message }));
}
