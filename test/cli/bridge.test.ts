import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CanNode, openCan, openVirtualCan, type VirtualCan } from "../../src/can/index.js";
import { type Channel, openChannel } from "../../src/channel/index.js";
import { type JitterDefinition, jitterProtocol } from "../../src/cli/jitter-protocol.js";
import { TickCount } from "../../src/cli/tick-count.js";
import { type Machine, startMachine } from "../../src/sim/index.js";
import { root } from "../architecture/source.js";
import { jitterModule, writeTemporary } from "./bridge-files.js";
import { expectNoTraces, RunningCommand, runCommand } from "./command.js";

const INMATE = 1;
const BRIDGE = 1;
const PI_B = 2;
const timeout = 120_000;
const patience = { timeout: 60_000, interval: 20 };

/** Whoever is beyond the bridge, in this process. */
class PiB {
  readonly ticks = new TickCount();
  readonly channel: Channel<JitterDefinition>;
  readonly #bus: VirtualCan;
  readonly #node: CanNode;

  private constructor(bus: VirtualCan) {
    this.#bus = bus;
    this.#node = openCan(bus, { node: PI_B });
    this.channel = openChannel(this.#node.link(BRIDGE), jitterProtocol);
    this.channel.messages.on("measurement", ({ tick }) => {
      if (this.ticks.messages === 0 || tick < this.ticks.last) this.ticks.begin(tick - 1);
      this.ticks.add(tick);
    });
  }

  static async open(bus: string): Promise<PiB> {
    return new PiB(await openVirtualCan(bus));
  }

  async measurements(count: number): Promise<void> {
    const goal = this.ticks.messages + count;
    await expect.poll(() => this.ticks.messages, patience).toBeGreaterThanOrEqual(goal);
  }

  /** Goes without a word. */
  vanish(): void {
    this.#bus.close();
  }
}

let machine: Machine;
let config: string;

beforeEach(async () => {
  machine = await startMachine();
  const command = [process.execPath, `${root}/dist/cli/jitter-inmate-main.js`];
  await machine.startCell(INMATE, { command });
});

afterEach(async () => {
  const { name } = machine;
  await machine.close();
  await expectNoTraces(name);
});

function writeConfig(change: object = {}): string {
  return writeTemporary("bridge.json", {
    links: {
      inmate: { kind: "sim", machine: machine.name, cell: 0, peer: INMATE },
      "pi-b": { kind: "can", interface: `virtual:${machine.name}`, node: BRIDGE, peer: PI_B },
    },
    channels: [
      {
        ...{ module: jitterModule, between: ["inmate", "pi-b"] },
        messages: { measurement: { to: "pi-b" } },
        requests: { reset: { to: "inmate" }, echo: { to: "inmate" } },
        ...change,
      },
    ],
  });
}

describe("intercell bridge", () => {
  test("intercell bridge carries an inmate's messages to CAN and requests back, whoever restarts", {
    timeout,
  }, async () => {
    config = writeConfig();
    const first = new RunningCommand(["bridge", config]);
    let piB = await PiB.open(machine.name);
    await piB.measurements(5);
    expect(await piB.channel.request("echo", { number: 42 })).toEqual({ number: 42 });
    expect((await piB.channel.request("reset", { lastTick: 1 })).ticks).toBeGreaterThanOrEqual(5);

    // The inmate is killed and comes back.
    await machine.restartCell(INMATE);
    await first.printed(/jitter: inmate is gone[\s\S]*jitter: inmate is there/);
    await piB.measurements(5);
    expect([piB.ticks.lost, piB.ticks.repeated]).toEqual([0, 0]);

    // The other side goes without a word and comes back: nothing that came meanwhile is lost, as the inmate had room.
    piB.vanish();
    await first.printed(/jitter: pi-b is gone/);
    piB = await PiB.open(machine.name);
    await piB.measurements(5);
    expect([piB.ticks.lost, piB.ticks.repeated]).toEqual([0, 0]);

    // The bridge itself is killed and comes back.
    first.child.kill("SIGKILL");
    await first.ended;
    const second = new RunningCommand(["bridge", config, "--json", "--stats", "0.1"]);
    await piB.measurements(5);
    await second.printed(/"forwarded":[1-9]/);
    const { code, stdout, stderr } = await second.interrupt();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^jitter: pi-b is there$/m)]);
    const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as {
      channels: [{ routes: { name: string; received: number; forwarded: number; dropped: number }[] }];
      links: Record<string, { sessions: number }>;
    };
    const [measurement] = last.channels[0].routes;
    expect(measurement).toMatchObject({ kind: "message", name: "measurement", to: "pi-b", failed: 0 });
    expect(last.links).toMatchObject({ inmate: { sessions: 1 }, "pi-b": { sessions: 1 } });
    piB.vanish();
  });

  test("intercell bridge keeps to a rate, lets the latest win, and shows what it dropped", { timeout }, async () => {
    // Once in a thousand seconds: the first passes.
    const rule = { to: "pi-b", maxPerSecond: 0.001, queue: 1, overflow: "drop-oldest" };
    config = writeConfig({ messages: { measurement: rule } });
    const command = new RunningCommand(["bridge", config, "--stats", "0.05"]);
    const piB = await PiB.open(machine.name);
    await piB.measurements(1);
    await command.printed(/^jitter +message +measurement +pi-b +\d+ +1 +([3-9]|\d\d) +0 +1$/m);
    const { code, stdout, stderr } = await command.interrupt();
    expect([code, stderr, piB.ticks.messages]).toEqual([0, "", 1]);
    const rows = [...stdout.matchAll(/^jitter +message +measurement +pi-b +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$/gm)];
    const [received = 0, ...parts] = rows.at(-1)?.slice(1).map(Number) ?? [];
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(received);
    expect(stdout).toMatch(/^LINK +STATUS +SESSIONS +SENT +RECEIVED +LOST +MISSED BROADCASTS +FAULTS$/m);
    piB.vanish();
  });

  test("intercell bridge connects two CAN buses", { timeout }, async () => {
    const [near, far] = [`${machine.name}-near`, `${machine.name}-far`];
    config = writeTemporary("bridge.json", {
      links: {
        near: { kind: "can", interface: `virtual:${near}`, node: 7, peer: 5 },
        far: { kind: "can", interface: `virtual:${far}`, node: BRIDGE, peer: PI_B },
      },
      channels: [{ module: jitterModule, between: ["near", "far"], messages: { measurement: { to: "far" } } }],
    });
    const command = new RunningCommand(["bridge", config]);
    const piB = await PiB.open(far);
    using bus = await openVirtualCan(near);
    using node = openCan(bus, { node: 5 });
    const channel = openChannel(node.link(7), jitterProtocol);
    for (let tick = 1; tick <= 20; tick++) {
      await channel.send("measurement", { tick, unsent: 0, jitterNs: 1, minNs: 1, maxNs: 1 });
    }
    await expect.poll(() => piB.ticks.last, patience).toBe(20);
    expect([piB.ticks.messages, piB.ticks.lost]).toEqual([20, 0]);
    const { code } = await command.interrupt("SIGTERM");
    expect(code).toBe(0);
    piB.vanish();
  });

  test("intercell bridge fails when its machine ends under it", { timeout }, async () => {
    const command = new RunningCommand(["bridge", writeConfig()]);
    await command.printed(/jitter: inmate is there/);
    process.kill(machine.brokerPid, "SIGKILL");
    const { code, stdout, stderr } = await command.ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^intercell: .*machine/)]);
    expect(stdout).toMatch(/^CHANNEL +KIND/m);
  });

  test("intercell bridge --check tells of a configuration, and opens nothing", { timeout }, async () => {
    const { code, stdout } = await runCommand("bridge", writeConfig(), "--check");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/is well: 1 channels between 2 links\n$/)]);
    const wrong = await runCommand("bridge", writeConfig({ messages: { speed: { to: "pi-b" } } }), "--check");
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/There is no "speed" among the messages/)]);
    const seconds = await runCommand("bridge", "bridge.json", "--stats", "0");
    expect([seconds.code, seconds.stderr]).toEqual([2, expect.stringContaining("a number of seconds above 0")]);
  });
});
