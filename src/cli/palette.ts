import { styleText } from "node:util";

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
  const mark = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    coloured ? styleText(format, text) : text;
  return { title: mark("bold"), faint: mark("dim"), good: mark("green"), bad: mark("red"), note: mark("cyan") };
}
