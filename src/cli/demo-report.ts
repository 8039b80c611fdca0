import type { LinkDown, LinkStatistics, LinkUp } from "../channel/index.js";
import { formatCellList, type JailhouseCell } from "../jailhouse/cell-list.js";
import type { Infer } from "../schema/index.js";
import type { Measurement, Statistics } from "./jitter-protocol.js";
import type { JitterRoot } from "./jitter-root.js";
import type { Palette } from "./palette.js";
import type { RoundTrips } from "./round-trips.js";

/** The line that Jailhouse's demo inmate prints for a tick (inmates/demos/arm/gic-demo.c). */
export function formatMeasurement({ jitterNs, minNs, maxNs }: Infer<typeof Measurement>): string {
  const shown = [`jitter: ${width6(jitterNs)}`, `min: ${width6(minNs)}`, `max: ${width6(maxNs)}`];
  return `Timer fired, ${shown.map((each) => `${each} ns`).join(", ")}`;
}

/** A time as people read it, such as `71.3 µs`. */
export function formatTime(timeNs: number): string {
  if (timeNs < 1_000) return `${timeNs} ns`;
  return timeNs < 1_000_000 ? `${(timeNs / 1_000).toFixed(1)} µs` : `${(timeNs / 1_000_000).toFixed(1)} ms`;
}

/** What the demo says while it runs. */
export class DemoReport {
  readonly #print: (line: string) => void;
  readonly #palette: Palette;

  constructor(print: (line: string) => void, palette: Palette) {
    this.#print = print;
    this.#palette = palette;
  }

  step(text: string): void {
    this.#print("");
    this.#print(this.#palette.title(text));
  }

  detail(text: string): void {
    this.#print(`  ${text}`);
  }

  cells(cells: readonly JailhouseCell[]): void {
    const [titles = "", ...rows] = formatCellList(cells);
    this.#print("");
    this.#print(this.#palette.faint(titles));
    for (const row of rows) this.#print(row);
  }

  measured(measurement: Infer<typeof Measurement>): void {
    this.#print(formatMeasurement(measurement));
  }

  reset({ ticks, minNs, maxNs }: Infer<typeof Statistics>): void {
    this.detail(`reply: ${ticks} ticks so far, min ${formatTime(minNs)}, max ${formatTime(maxNs)}; they begin anew`);
  }

  up({ epoch, resumed }: LinkUp): void {
    this.detail(this.#palette.good(`link up: epoch ${epoch} of the inmate${resumed ? ", the session goes on" : ""}`));
  }

  down({ reason, resumable, lost }: LinkDown): void {
    const left = resumable ? "the session stands" : `the session is over, ${lost} messages to the inmate lost`;
    this.detail(this.#palette.note(`link down: ${reason}, ${left}`));
  }

  summary(root: JitterRoot, roundTrips: RoundTrips | undefined): void {
    const { ticks } = root;
    const { sessions, doorbellsRung, doorbellsSaved, rescuedByPoll }: LinkStatistics = root.link.statistics;
    this.step("Summary");
    const counts = `lost ${ticks.lost}, repeated ${ticks.repeated}, unsent ${root.unsent}`;
    this.detail(`messages     ${ticks.messages} in ${sessions} sessions: ${counts}`);
    if (roundTrips !== undefined) {
      const { count, medianNs, p99Ns } = roundTrips;
      const times = `median ${formatTime(medianNs)}, p99 ${formatTime(p99Ns)}`;
      this.detail(`round trips  ${count} by doorbell: ${times}`);
    }
    this.detail(`doorbells    rung ${doorbellsRung}, saved ${doorbellsSaved}, missed ${rescuedByPoll}`);
  }

  verdict(faults: readonly string[]): void {
    this.#print("");
    this.#print(
      faults.length === 0 ? this.#palette.good("All there.") : this.#palette.bad(`Not well: ${faults.join("; ")}`),
    );
  }
}

function width6(value: number): string {
  return String(value).padStart(6);
}
