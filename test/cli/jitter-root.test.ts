import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Channel, openChannel } from "../../src/channel/index.js";
import { JitterInmate } from "../../src/cli/jitter-inmate.js";
import { type JitterDefinition, jitterProtocol } from "../../src/cli/jitter-protocol.js";
import { type JitterListener, JitterRoot } from "../../src/cli/jitter-root.js";
import { measureRoundTrips } from "../../src/cli/round-trips.js";
import { openShm } from "../../src/shm/index.js";
import { type Machine, startMachine } from "../../src/sim/index.js";
import { until } from "../channel/until.js";

const INMATE = 1;
const wait = { signal: new AbortController().signal, timeoutMs: 10_000 };
const silent: JitterListener = { measured: () => {}, up: () => {}, down: () => {} };

let machine: Machine;

beforeEach(async () => {
  machine = await startMachine();
});

afterEach(async () => {
  await machine.close();
});

async function openRoot(listener: Partial<JitterListener> = {}): Promise<JitterRoot> {
  return new JitterRoot(await machine.openDevice({ peer: 0 }), INMATE, { ...silent, ...listener });
}

/** Starts an inmate; gives its channel. */
async function openInmate(): Promise<Channel<JitterDefinition>> {
  const node = openShm(await machine.openDevice({ peer: INMATE }));
  const channel = openChannel(node.link(0), jitterProtocol);
  new JitterInmate(channel);
  return channel;
}

describe("JitterInmate", () => {
  test("JitterInmate counts its ticks from 1 when the root cell is there", async () => {
    const ticks: number[] = [];
    using root = await openRoot({ measured: ({ tick }) => ticks.push(tick) });
    await openInmate();
    await root.measurements(3, wait);
    expect(ticks.slice(0, 3)).toEqual([1, 2, 3]);
    expect([root.ticks.lost, root.ticks.repeated, root.unsent]).toEqual([0, 0, 0]);
  });

  test("JitterInmate begins its statistics anew and tells the old ones when it is asked to reset", async () => {
    const seen: { tick: number; jitterNs: number; minNs: number; maxNs: number }[] = [];
    using root = await openRoot({ measured: (measurement) => seen.push(measurement) });
    await openInmate();
    await root.measurements(2, wait);
    const before = await root.channel.request("reset", { lastTick: root.ticks.last });
    expect(before.ticks).toBe(before.lastTick);
    const jitters = seen.slice(0, before.ticks).map(({ jitterNs }) => jitterNs);
    expect([before.minNs, before.maxNs]).toEqual([Math.min(...jitters), Math.max(...jitters)]);
    await root.measurements(1, wait);
    const first = seen[before.ticks];
    expect(first).toMatchObject({ tick: before.ticks + 1, minNs: first?.jitterNs, maxNs: first?.jitterNs });
  });

  test("JitterInmate tells how many ticks it dropped when the root cell was away", async () => {
    const first = await openRoot();
    const sends = vi.spyOn(await openInmate(), "trySend");
    await first.measurements(1, wait);
    first.close();
    await until(() => sends.mock.results.some(({ value }) => value === false), "a tick is dropped");
    using second = await openRoot();
    await second.measurements(1, wait);
    expect(second.unsent).toBeGreaterThanOrEqual(1);
    expect(second.ticks.lost).toBeGreaterThanOrEqual(second.unsent);
  });

  test("JitterInmate echoes every number when it is asked", async () => {
    using root = await openRoot();
    await openInmate();
    const { count, medianNs, p99Ns } = await measureRoundTrips(root.channel, 20, wait.signal);
    expect(count).toBe(20);
    expect(medianNs > 0 && p99Ns >= medianNs).toBe(true);
  });
});

describe("JitterRoot", () => {
  test("JitterRoot.until() says what it waited for when the time is over", async () => {
    using root = await openRoot();
    await expect(root.measurements(2, { ...wait, timeoutMs: 10 })).rejects.toMatchObject({
      code: "ERR_TIMEOUT",
      message: "Waited 10 ms for 2 measurements: the link is connecting, the channel connecting, 0 measurements came",
    });
  });

  test("JitterRoot.until() rejects with the reason when the signal aborts, before or during the wait", async () => {
    using root = await openRoot();
    const controller = new AbortController();
    const waiting = root.until("nothing", () => false, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(root.until("nothing", () => false, { signal: controller.signal })).rejects.toThrow("enough");
  });

  test("JitterRoot.until() rejects all waits, those to come too, when something fails", async () => {
    using root = await openRoot();
    const waiting = root.until("nothing", () => false, wait);
    root.fail(new Error("first"));
    root.fail(new Error("second"));
    await expect(waiting).rejects.toThrow("first");
    await expect(root.until("nothing", () => false, wait)).rejects.toThrow("first");
  });

  test("JitterRoot.until() rejects when the machine is gone", async () => {
    using root = await openRoot();
    const waiting = root.until("nothing", () => false, wait);
    process.kill(machine.brokerPid, "SIGKILL");
    await expect(waiting).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  test("JitterRoot counts from 1 again when the inmate is another run", async () => {
    const epochs: number[] = [];
    using root = await openRoot({ up: ({ epoch }) => epochs.push(epoch) });
    const device = await machine.openDevice({ peer: INMATE });
    new JitterInmate(openChannel(openShm(device).link(0), jitterProtocol));
    await root.measurements(2, wait);
    device.close();
    await root.until("the link to go down", () => root.link.status !== "up", wait);
    await openInmate();
    await root.measurements(2, wait);
    expect(new Set(epochs).size).toBe(2);
    expect([root.ticks.lost, root.ticks.repeated]).toEqual([0, 0]);
  });
});
