/** Sends a typed message to peer 1, waits until it is back, and so on. */
import { openChannel } from "intercell/channel";
import { openCell, READY_TIMEOUT_MS, turn, waitReady } from "../cell/open.js";
import type { TripOptions, TripResult } from "../cell/trips.js";
import { programOptions, report } from "../child.js";
import { Histogram } from "../histogram.js";
import { makeSample, sampleProtocol } from "../message.js";

/** Spin trips before the event loop gets a turn: about a millisecond. */
const TRIPS_PER_TURN = 1024;

/** Polls before the event loop gets a turn in the midst of a trip: many milliseconds, when the peer gets no time. */
const POLLS_PER_TURN = 100_000;

async function main(options: TripOptions): Promise<void> {
  const { trips, warmupTrips, wait, pauseMs, ringAlways } = options;
  const node = await openCell({ wait, peers: [1] });
  const link = node.link(1);
  const channel = openChannel(link, sampleProtocol);
  const sender = channel.sender("sample");
  let returned = 0;
  let wake: () => void = () => undefined;
  channel.messages.on("sample", (sample) => {
    returned = sample.sequence;
    wake();
  });
  await waitReady(node, channel.ready({ timeoutMs: READY_TIMEOUT_MS }));
  const trySend = (sequence: number): boolean => {
    if (!sender.trySend(makeSample(sequence))) return false;
    channel.flush();
    if (ringAlways) node.device.ring(1);
    return true;
  };
  // A ring with one message has room, unless the peer got no time for so long that it counts as stalled.
  const recover = async (sequence: number): Promise<void> => {
    do await turn();
    while (!trySend(sequence));
  };
  const wakeTrip = async (sequence: number): Promise<void> => {
    const awake = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (!trySend(sequence)) await recover(sequence);
    await awake;
  };
  const spins = wait === "manual" && !ringAlways;
  let histogram = new Histogram();
  let startMs = 0;
  const note = (): void => {
    const endMs = performance.now();
    histogram.record((endMs - startMs) * 1e6);
    startMs = endMs;
  };
  for (let trip = 1; trip <= warmupTrips + trips; trip += 1) {
    if (trip === warmupTrips + 1) histogram = new Histogram();
    if (!spins) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      startMs = performance.now();
      await wakeTrip(trip);
      note();
      continue;
    }
    if (trip % TRIPS_PER_TURN === 1) {
      await turn();
      startMs = performance.now();
    }
    if (!trySend(trip)) await recover(trip);
    while (returned !== trip) {
      for (let polls = 0; polls < POLLS_PER_TURN && returned !== trip; polls += 1) node.poll();
      if (returned !== trip) await turn();
    }
    note();
  }
  const result: TripResult = { histogram: histogram.toJSON(), doorbellsRung: link.statistics.doorbellsRung };
  node.close();
  report(result);
}

await main(programOptions<TripOptions>());
