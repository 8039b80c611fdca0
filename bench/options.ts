import { parseArgs } from "node:util";

/** What the command line of `npm run bench` asks for. */
export interface BenchOptions {
  /** One short run of each measurement: shows that everything works, not how fast it is. */
  readonly quick: boolean;
  /** Suites to run, by name; undefined for all that run by default. */
  readonly only: RegExp | undefined;
  /** File for the figures as JSON. */
  readonly json: string | undefined;
  /** File for the latency distributions as SVG. */
  readonly svg: string | undefined;
}

/** @throws TypeError for an unknown argument; SyntaxError if `--only` is no regular expression. */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      json: { type: "string" },
      svg: { type: "string" },
    },
  });
  const { quick, only, json, svg } = values;
  return { quick, only: only === undefined ? undefined : new RegExp(only), json, svg };
}
