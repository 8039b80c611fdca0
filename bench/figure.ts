import { median } from "./statistics.js";

/** One line of the table, and one object of the JSON. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** Median over the runs. */
  readonly value: number;
  /** Median of what it is compared with, in the same unit; null if it stands alone. */
  readonly baseline: number | null;
  /** Median of the ratios value / baseline of the single runs. */
  readonly ratio: number | null;
  /** Such as `ratio >= 0.5` or `value <= 40`; null if none is set. */
  readonly target: string | null;
  readonly met: boolean | null;
}

/** A limit on the ratio of a figure that has a baseline, on its value otherwise. */
export interface Target {
  readonly least?: number;
  readonly most?: number;
}

export interface Measurement {
  readonly name: string;
  readonly unit: string;
  /** One value of each run. */
  readonly values: readonly number[];
  /** The values of what it is compared with, of the same runs. */
  readonly baselines?: readonly number[];
  readonly target?: Target;
}

/** @throws RangeError if there are no values, or not as many baselines as values. */
export function createFigure(measurement: Measurement): Figure {
  const { name, unit, values, baselines, target } = measurement;
  if (baselines !== undefined && baselines.length !== values.length) {
    throw new RangeError(`${name} has ${values.length} values and ${baselines.length} baselines: give as many`);
  }
  const value = median(values);
  const ratio = baselines === undefined ? null : median(values.map((one, run) => one / (baselines[run] ?? Number.NaN)));
  return {
    name,
    unit,
    value,
    baseline: baselines === undefined ? null : median(baselines),
    ratio,
    target: target === undefined ? null : describeTarget(target, ratio === null ? "value" : "ratio"),
    met: target === undefined ? null : meets(ratio ?? value, target),
  };
}

function meets(found: number, { least, most }: Target): boolean {
  return (least === undefined || found >= least) && (most === undefined || found <= most);
}

function describeTarget({ least, most }: Target, what: string): string {
  const limits = [least === undefined ? [] : [`>= ${least}`], most === undefined ? [] : [`<= ${most}`]].flat();
  return `${what} ${limits.join(" and ")}`;
}
