import type { Figure } from "./figure.js";
import type { Plan } from "./plan.js";
import type { Curve } from "./svg.js";

/** What a suite found out. */
export interface Outcome {
  readonly figures: readonly Figure[];
  /** Latency distributions for the drawing. */
  readonly curves?: readonly Curve[];
}

/** Measurements that belong together. */
export interface Suite {
  readonly name: string;
  /** Runs only if it is asked for by name, as it takes long. */
  readonly onRequest?: boolean;
  run(plan: Plan): Promise<Outcome>;
}
