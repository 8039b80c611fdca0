/**
 * - `error`: the database cannot work as written; a codec leaves something out or guesses
 * - `warning`: likely a mistake, or a way of writing that other tools may refuse
 * - `info`: something a careful author would add
 */
export type DbcSeverity = "error" | "warning" | "info";

/** Something about a DBC file that its author should know. */
export interface DbcFinding {
  /** In words with hyphens, such as `overlapping-signals`; listed in docs/dbc.md. */
  readonly code: string;
  readonly severity: DbcSeverity;
  /** Counts from 1; 0 for a database that was not read from a file. */
  readonly line: number;
  /** A sentence without a full stop. */
  readonly message: string;
}

/** Gathers findings. */
export class FindingList {
  readonly #found: DbcFinding[] = [];

  error(code: string, line: number, message: string): void {
    this.#found.push({ code, severity: "error", line, message });
  }

  warning(code: string, line: number, message: string): void {
    this.#found.push({ code, severity: "warning", line, message });
  }

  info(code: string, line: number, message: string): void {
    this.#found.push({ code, severity: "info", line, message });
  }

  /** What was found, by line, in the order of discovery within one. */
  sorted(): readonly DbcFinding[] {
    return [...this.#found].sort((a, b) => a.line - b.line);
  }
}
