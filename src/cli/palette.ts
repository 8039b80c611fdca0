/** Where a command writes, as far as colours are concerned. */
export interface ColourTarget {
  readonly isTTY?: boolean | undefined;
}

/** Marks texts for a reader; leaves them as they are where colours are not wanted. */
export interface Palette {
  title(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  note(text: string): string;
}

/**
 * Colours are for terminals, unless the environment variable NO_COLOR is set and not empty (no-color.org) or `wanted`
 * is false.
 */
export function createPalette(target: ColourTarget, env: NodeJS.ProcessEnv, wanted: boolean): Palette {
  const coloured = wanted && target.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  // SGR codes (ECMA-48, 8.3.117). Not node:util's styleText(), which judges the process's own output as well.
  const mark = (on: number, off: number) => (text: string) => (coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  return { title: mark(1, 22), faint: mark(2, 22), good: mark(32, 39), bad: mark(31, 39), note: mark(36, 39) };
}
