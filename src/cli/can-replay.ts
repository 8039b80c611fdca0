import type { CanBus, LogReader, ReplayOptions, ReplayReport } from "../can/index.js";
import { openCanBus } from "./can-bus.js";
import { describeLeftOut, type LogInputOptions, openLog } from "./can-log.js";
import { withInterruption } from "./interruption.js";

export interface ReplayCommandOptions extends LogInputOptions {
  readonly speed?: string;
  readonly maxGap?: string;
  readonly gap?: string;
  readonly rate?: string;
  readonly rounds?: string;
  readonly only?: string;
  readonly errorFrames?: boolean;
  readonly json?: boolean;
}

/** Replays a log and prints statistics at the end, also of a replay that was interrupted. */
export async function runReplay(
  log: string,
  interfaces: readonly string[],
  options: ReplayCommandOptions,
): Promise<void> {
  const { createReplay } = await import("../can/index.js");
  const targets = parseTargets(interfaces);
  const checked = replayOptions(log, options);
  await withInterruption(async (signal) => {
    const buses = new Map<string, CanBus>();
    let reader: LogReader | undefined;
    async function* source() {
      reader = await openLog(log, options);
      yield* reader;
    }
    const target = async (name: string) => {
      const wanted = targets.size === 0 ? name : (targets.get(name) ?? targets.get(ANY));
      if (wanted === undefined) return undefined;
      const bus = buses.get(wanted) ?? (await openCanBus(wanted, { ownFrames: false }));
      buses.set(wanted, bus);
      return bus;
    };
    const replay = createReplay(source, target, checked);
    try {
      await replay.run({ signal });
    } finally {
      for (const bus of buses.values()) bus.close();
      // A log that could not be opened was not replayed, of which there is nothing to report.
      if (reader !== undefined) {
        const { report } = replay;
        process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : formatReport(report));
        process.stderr.write(describeLeftOut(reader));
      }
    }
  });
}

/** Stands for frames of whatever interface. */
const ANY = "";

/** `to=from`, or `to` for all frames, by what is in the log. */
function parseTargets(interfaces: readonly string[]): ReadonlyMap<string, string> {
  const targets = new Map<string, string>();
  for (const text of interfaces) {
    const [, to = "", from = ANY] = /^([^=]+)(?:=([^=]+))?$/.exec(text) ?? [];
    if (to === "")
      throw new TypeError(`An interface is written as can0, or as can0=vcan1, not ${JSON.stringify(text)}`);
    if (targets.has(from)) {
      throw new TypeError(`${from === ANY ? "All frames" : `Frames of ${from}`} can go to one interface only`);
    }
    targets.set(from, to);
  }
  return targets;
}

function replayOptions(log: string, options: ReplayCommandOptions): ReplayOptions {
  const rounds = parseNumber("rounds", options.rounds ?? "1");
  if (log === "-" && rounds !== 1) throw new TypeError("The standard input can be replayed once only");
  const { only } = options;
  if (only !== undefined && only !== "sent" && only !== "received") {
    throw new TypeError(`--only takes sent or received, not ${JSON.stringify(only)}`);
  }
  const speed = parseNumber("speed", options.speed ?? "1");
  return {
    speed: speed === 0 ? Number.POSITIVE_INFINITY : speed,
    rounds: rounds === 0 ? Number.POSITIVE_INFINITY : rounds,
    errorFrames: options.errorFrames ?? false,
    ...(only !== undefined && { direction: only }),
    ...(options.maxGap !== undefined && { maxGapMs: parseNumber("max-gap", options.maxGap) }),
    ...(options.gap !== undefined && { fixedGapMs: parseNumber("gap", options.gap) }),
    ...(options.rate !== undefined && { maxFramesPerSecond: parseNumber("rate", options.rate) }),
  };
}

function parseNumber(name: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new TypeError(`--${name} takes a number such as 2 or 0.5, not ${JSON.stringify(text)}`);
}

function formatReport(report: ReplayReport): string {
  const { sentFrames, skippedFrames, rounds, congestions, backwardFrames, latenessNs } = report;
  const ms = (ns: number) => `${(ns / 1e6).toFixed(3)} ms`;
  const { mean, p50, p99, max } = latenessNs;
  return [
    `${sentFrames} frames sent, ${skippedFrames} left out, ${rounds} rounds`,
    `late by ${ms(mean)} on average, ${ms(p50)} half of the time, ${ms(p99)} at most in 99 %, ${ms(max)} at most`,
    ...(congestions > 0 ? [`${congestions} times there was no room`] : []),
    ...(backwardFrames > 0 ? [`${backwardFrames} frames were sent at once, as the time of the log goes back`] : []),
    "",
  ].join("\n");
}
