import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createVirtualBus, type VirtualBus } from "../../src/can/index.js";
import { openChannel } from "../../src/channel/index.js";
import { type DisplayListener, JitterDisplay } from "../../src/cli/jitter-display.js";
import { JitterGateway } from "../../src/cli/jitter-gateway.js";
import { JitterInmate } from "../../src/cli/jitter-inmate.js";
import { jitterProtocol } from "../../src/cli/jitter-protocol.js";
import { openShm } from "../../src/shm/index.js";
import { type Machine, startMachine } from "../../src/sim/index.js";

const INMATE = 1;
const { signal } = new AbortController();
const wait = { signal, timeoutMs: 15_000 };
const silent = { up: () => {}, down: () => {} };

let machine: Machine;
let bus: VirtualBus;

beforeEach(async () => {
  machine = await startMachine();
  bus = createVirtualBus();
});

afterEach(async () => {
  bus.close();
  await machine.close();
});

async function openGateway(): Promise<JitterGateway> {
  return new JitterGateway(await machine.openDevice({ peer: 0 }), INMATE, bus.open(), silent);
}

function openDisplay(listener: Partial<DisplayListener> = {}): JitterDisplay {
  return new JitterDisplay(bus.open(), { measured: () => {}, ...silent, ...listener });
}

async function openInmate(): Promise<() => void> {
  const node = openShm(await machine.openDevice({ peer: INMATE }));
  new JitterInmate(openChannel(node.link(0), jitterProtocol));
  return () => node.close();
}

async function measurements(display: JitterDisplay, count: number): Promise<void> {
  const goal = display.counts.messages + count;
  await display.watched.until(`${count} measurements`, () => display.counts.messages >= goal, wait);
}

describe("JitterDisplay", () => {
  test("JitterDisplay gets what the inmate sends, and its age once it knows Pi A's clock", {
    timeout: 40_000,
  }, async () => {
    const ages: boolean[] = [];
    using display = openDisplay({ measured: (_, age) => ages.push(age !== undefined) });
    using gateway = await openGateway();
    await openInmate();
    await measurements(display, 5);
    expect(ages.at(-1)).toBe(true);
    expect(gateway.forwarded).toBeGreaterThanOrEqual(5);
    expect(display.counts).toMatchObject({ lost: 0, repeated: 0, missed: 0, sessions: 1, undecodable: 0 });
  });

  test("JitterDisplay gets the inmate's own statistics by way of Pi A", { timeout: 40_000 }, async () => {
    using display = openDisplay();
    using _gateway = await openGateway();
    await openInmate();
    await measurements(display, 3);
    const { ticks, lastTick, minNs, maxNs } = await display.askStatistics(signal);
    expect([lastTick >= 3, ticks === lastTick, minNs <= maxNs]).toEqual([true, true, true]);
    await measurements(display, 1);
    const again = await display.askStatistics(signal);
    expect(again.ticks).toBe(again.lastTick - lastTick);
    expect((await display.measureRoundTrips(3, signal)).count).toBe(3);
  });

  test("JitterDisplay tells ticks that Pi A was away for from lost ones", { timeout: 60_000 }, async () => {
    using display = openDisplay();
    const first = await openGateway();
    const endInmate = await openInmate();
    await measurements(display, 2);
    const seen = display.ticks.last;
    first.close();
    await display.watched.until("Pi A to go", () => display.link.status !== "up", wait);
    using _second = await openGateway();
    await measurements(display, 2);
    const { messages, missed } = display.counts;
    expect(messages + missed).toBe(display.ticks.last);
    expect(display.ticks.last).toBeGreaterThan(seen + 1);
    // Another inmate counts from 1, in the same session.
    endInmate();
    await openInmate();
    const goal = display.counts.messages;
    await display.watched.until("another run", () => display.counts.messages > goal && display.ticks.last < 4, wait);
    expect(display.counts).toMatchObject({ lost: 0, repeated: 0, sessions: 2 });
  });

  test("JitterDisplay counts a tick that is missing while Pi A is there", { timeout: 40_000 }, async () => {
    using display = openDisplay();
    using gateway = await openGateway();
    await gateway.channel.ready({ timeoutMs: 10_000 });
    const measurement = { run: 7, jitterNs: 1, minNs: 1, maxNs: 1, takenNs: 0n };
    for (const tick of [4, 5, 8, 8]) await gateway.channel.send("measurement", { ...measurement, tick });
    await measurements(display, 4);
    expect(display.counts).toMatchObject({ lost: 2, repeated: 1, missed: 0 });
  });
});
