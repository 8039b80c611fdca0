import { buildC } from "../c-program.js";
import type { TripOptions, TripResult } from "../cell/trips.js";
import { nodeProgram, runAlone, runPrograms, socketPath } from "../child.js";
import { createFigure, type Figure, type Target } from "../figure.js";
import { Histogram, type HistogramData } from "../histogram.js";
import { LARGE_SECTION_BYTES, runCells } from "../machine.js";
import type { Plan } from "../plan.js";
import type { RivalOptions } from "../rival/options.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";
import { MESSAGE_BYTES } from "./throughput.js";

/** Spin trips before those that count, in which code is compiled. */
const SPIN_WARMUP_TRIPS = 50_000;
const WAKE_WARMUP_TRIPS = 200;

/** Pause before each trip of the measurement at low load, in milliseconds. */
const IDLE_PAUSE_MS = 2;

async function measureTrips(change: Partial<TripOptions> & Pick<TripOptions, "wait" | "trips">): Promise<Histogram> {
  const warmupTrips = change.wait === "doorbell" || change.ringAlways ? WAKE_WARMUP_TRIPS : SPIN_WARMUP_TRIPS;
  const options: TripOptions = { warmupTrips, pauseMs: 0, ringAlways: false, ...change };
  const [ping] = (await runCells({ peers: 2, outputBytes: LARGE_SECTION_BYTES }, [
    nodeProgram("ping", options, { core: 0 }),
    nodeProgram("pong", options, { core: 1 }),
  ])) as [TripResult];
  return Histogram.from(ping.histogram);
}

async function measureC(name: string, ...args: number[]): Promise<Histogram> {
  const command = [buildC(name), ...args.map(String)];
  const { histogram } = await runAlone<{ readonly histogram: HistogramData }>({ command });
  return Histogram.from(histogram);
}

async function measureSocket(plan: Plan): Promise<Histogram> {
  const options: Omit<RivalOptions, "role"> = {
    ...{ path: socketPath(), sizeBytes: MESSAGE_BYTES, batch: 1, warmupMs: 0, windowMs: 0 },
    ...{ trips: plan.wakeTrips, warmupTrips: WAKE_WARMUP_TRIPS },
  };
  const [ping] = (await runPrograms([
    nodeProgram("socket", { ...options, role: "ping" }, { core: 0 }),
    nodeProgram("socket", { ...options, role: "pong" }, { core: 1 }),
  ])) as [{ readonly histogram: HistogramData }];
  return Histogram.from(ping.histogram);
}

const at = (fraction: number) => (histograms: readonly Histogram[]) => histograms.map((one) => one.quantile(fraction));
const medianNs = at(0.5);

function merged(histograms: readonly Histogram[]): Histogram {
  const all = new Histogram();
  for (const histogram of histograms) all.merge(histogram);
  return all;
}

/** The median beside that of something else, and the tail beside the median. */
function describe(
  name: string,
  rival: string,
  ours: readonly Histogram[],
  others: readonly Histogram[],
  target: Target,
  tail?: Target,
): Figure[] {
  const medians = medianNs(ours);
  const beside = (part: string, values: number[], limit?: Target) =>
    createFigure({
      ...{ name: `${name}: ${part} / median`, unit: "ns", values, baselines: medians },
      ...(limit === undefined ? {} : { target: limit }),
    });
  return [
    createFigure({ name: `${name} / ${rival}`, unit: "ns", values: medians, baselines: medianNs(others), target }),
    beside("p99", at(0.99)(ours)),
    beside("p99.9", at(0.999)(ours), tail),
    beside(
      "longest",
      ours.map(({ max }) => max),
    ),
  ];
}

async function run(plan: Plan): Promise<Outcome> {
  const { runs, spinTrips, wakeTrips, idleTrips } = plan;
  const paused = { trips: idleTrips, pauseMs: IDLE_PAUSE_MS };
  const found = await interleave(runs, {
    spin: () => measureTrips({ wait: "manual", trips: spinTrips }),
    spinC: () => measureC("peer_bench", LARGE_SECTION_BYTES, 0, MESSAGE_BYTES, spinTrips),
    doorbell: () => measureTrips({ wait: "doorbell", trips: wakeTrips }),
    eventfdC: () => measureC("eventfd_pingpong", wakeTrips),
    socket: () => measureSocket(plan),
    suppressed: () => measureTrips({ wait: "doorbell", ...paused }),
    unsuppressed: () => measureTrips({ wait: "manual", ringAlways: true, ...paused }),
  });
  const { doorbell, suppressed, unsuppressed } = found;
  const unit = "ns";
  return {
    figures: [
      ...describe("round trip, spin", "C-C", found.spin, found.spinC, { most: 1.3 }, { most: 20 }),
      ...describe("round trip by doorbell", "C on eventfd", doorbell, found.eventfdC, { most: 1.5 }).slice(0, 3),
      createFigure({
        ...{ name: "round trip by doorbell / node:net", unit, values: medianNs(doorbell) },
        ...{ baselines: medianNs(found.socket), target: { most: 1 } },
      }),
      createFigure({
        ...{ name: "round trip at low load / without suppression", unit, values: medianNs(suppressed) },
        // Medians of wake-ups differ by some per cent from run to run.
        ...{ baselines: medianNs(unsuppressed), target: { most: 1.05 } },
      }),
    ],
    curves: [
      { name: "intercell, spin, typed", histogram: merged(found.spin) },
      { name: "C-C, spin, raw", histogram: merged(found.spinC) },
      { name: "intercell, doorbell, typed", histogram: merged(doorbell) },
      { name: "C, eventfd and epoll", histogram: merged(found.eventfdC) },
      { name: "node:net, Unix socket", histogram: merged(found.socket) },
    ],
  };
}

/** Round trips of a typed message of 64 bytes. */
export const latency: Suite = { name: "latency", run };
