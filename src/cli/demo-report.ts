import type { LinkDown, LinkStatistics, LinkUp } from "../channel/index.js";
import { formatCellList, type JailhouseCell } from "../jailhouse/cell-list.js";
import type { Infer } from "../schema/index.js";
import type { Age } from "./clock-offset.js";
import type { ShownMeasurement, ShownStatistics } from "./display-messages.js";
import type { DisplayCounts } from "./jitter-display.js";
import type { Measurement } from "./jitter-protocol.js";
import type { JitterRoot } from "./jitter-root.js";
import type { Palette } from "./palette.js";
import type { RoundTrips } from "./round-trips.js";

/** The line that Jailhouse's demo inmate prints for a tick (inmates/demos/arm/gic-demo.c). */
export function formatMeasurement({ jitterNs, minNs, maxNs }: ShownMeasurement): string {
  const shown = [`jitter: ${width6(jitterNs)}`, `min: ${width6(minNs)}`, `max: ${width6(maxNs)}`];
  return `Timer fired, ${shown.map((each) => `${each} ns`).join(", ")}`;
}

/** A time as people read it, such as `71.3 µs`. */
export function formatTime(timeNs: number): string {
  if (timeNs < 1_000) return `${timeNs} ns`;
  return timeNs < 1_000_000 ? `${(timeNs / 1_000).toFixed(1)} µs` : `${(timeNs / 1_000_000).toFixed(1)} ms`;
}

/** How old something is, such as `1.25 ms ± 0.31 ms`; a word if that is not known yet. */
export function formatAge(age: Age | undefined): string {
  if (age === undefined) return "not known yet";
  return `${(age.ageNs / 1e6).toFixed(2)} ms ± ${(age.errorNs / 1e6).toFixed(2)} ms`;
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

  /** What Pi B says of a measurement. */
  shown(measurement: ShownMeasurement): void {
    this.#print(`${formatMeasurement(measurement)}, age ${formatAge(measurement.age)}`);
  }

  reset({ ticks, minNs, maxNs }: ShownStatistics): void {
    this.detail(`reply: ${ticks} ticks so far, min ${formatTime(minNs)}, max ${formatTime(maxNs)}; they begin anew`);
  }

  up({ epoch, resumed }: LinkUp): void {
    this.detail(this.#palette.good(`link up: epoch ${epoch} of the inmate${resumed ? ", the session goes on" : ""}`));
  }

  down({ reason, resumable, lost }: LinkDown): void {
    const left = resumable ? "the session stands" : `the session is over, ${lost} messages to the inmate lost`;
    this.detail(this.#palette.note(`link down: ${reason}, ${left}`));
  }

  piUp({ epoch, resumed }: Pick<LinkUp, "epoch" | "resumed">): void {
    this.detail(this.#palette.good(`Pi B sees Pi A: epoch ${epoch}${resumed ? ", the session goes on" : ""}`));
  }

  piDown({ reason, resumable }: { readonly reason: string; readonly resumable: boolean }): void {
    const left = resumable ? "the session stands" : "the session is over";
    this.detail(this.#palette.note(`Pi B misses Pi A: ${reason}, ${left}`));
  }

  summary(root: JitterRoot, roundTrips: RoundTrips | undefined): void {
    const { ticks } = root;
    const { sessions, doorbellsRung, doorbellsSaved, rescuedByPoll }: LinkStatistics = root.link.statistics;
    this.step("Summary");
    const counts = `lost ${ticks.lost}, repeated ${ticks.repeated}, unsent ${root.unsent}`;
    this.detail(`messages     ${ticks.messages} in ${sessions} sessions: ${counts}`);
    this.#roundTrips("by doorbell", roundTrips);
    this.detail(`doorbells    rung ${doorbellsRung}, saved ${doorbellsSaved}, missed ${rescuedByPoll}`);
  }

  canSummary({ messages, sessions, lost, repeated, missed }: DisplayCounts, roundTrips: RoundTrips | undefined): void {
    this.detail(`messages     ${messages} over CAN in ${sessions} sessions: lost ${lost}, repeated ${repeated}`);
    this.detail(`             ${missed} ticks of the inmate were while Pi A was away`);
    this.#roundTrips("over CAN", roundTrips);
  }

  verdict(faults: readonly string[]): void {
    this.#print("");
    this.#print(
      faults.length === 0 ? this.#palette.good("All there.") : this.#palette.bad(`Not well: ${faults.join("; ")}`),
    );
  }

  #roundTrips(how: string, roundTrips: RoundTrips | undefined): void {
    if (roundTrips === undefined) return;
    const { count, medianNs, p99Ns } = roundTrips;
    this.detail(`round trips  ${count} ${how}: median ${formatTime(medianNs)}, p99 ${formatTime(p99Ns)}`);
  }
}

function width6(value: number): string {
  return String(value).padStart(6);
}
