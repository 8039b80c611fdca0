import { InvalidArgumentError } from "commander";

/** A whole number of a command line. */
export function parseCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new TypeError(`A count is a whole number, not ${JSON.stringify(text)}`);
}

/** Makes Commander name the option in its message. */
export function argument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}
