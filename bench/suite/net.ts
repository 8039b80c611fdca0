import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { startMachine } from "intercell/sim";
import { buildC } from "../c-program.js";
import { createFigure, type Figure } from "../figure.js";
import type { Plan } from "../plan.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";

const ADDRESSES = ["192.0.2.1", "192.0.2.2"] as const;

/** Two namespaces whose interfaces somebody joins. */
class Namespaces {
  readonly names = [0, 1].map((side) => `icb${process.pid}-${side}`);
  readonly interfaces = [0, 1].map((side) => `icb${process.pid % 1_000_000}x${side}`);

  constructor() {
    for (const name of this.names) ip("netns", "add", name);
  }

  /** Puts the interfaces of a join, which are there and in this namespace, into the two. */
  place(mtu: number): void {
    this.names.forEach((name, side) => {
      const device = this.interfaces[side] as string;
      ip("link", "set", device, "mtu", String(mtu), "netns", name);
      ip("-n", name, "address", "add", `${ADDRESSES[side]}/24`, "dev", device);
      ip("-n", name, "link", "set", device, "up");
    });
  }

  /** Bits per second of TCP from one to the other. */
  async measure(seconds: number): Promise<number> {
    const [from = "", to = ""] = this.names;
    const server = spawn("ip", ["netns", "exec", to, "iperf3", "-s", "-1", "--forceflush"]);
    await once(server.stdout, "data");
    const command = ["netns", "exec", from, "iperf3", "-c", ADDRESSES[1], "-t", String(seconds), "-O", "1", "-J"];
    const client = spawn("ip", command, { stdio: ["ignore", "pipe", "inherit"] });
    let report = "";
    client.stdout.on("data", (chunk: Buffer) => {
      report += chunk;
    });
    await once(client, "close");
    server.kill("SIGKILL");
    const { end, error } = JSON.parse(report) as {
      end: { sum_received?: { bits_per_second: number } };
      error?: string;
    };
    if (error !== undefined || end.sum_received === undefined) throw new Error(`iperf3: ${error ?? report}`);
    return end.sum_received.bits_per_second;
  }

  close(): void {
    for (const name of this.names) ip("netns", "delete", name);
  }
}

function ip(...parameters: readonly string[]): void {
  execFileSync("ip", [...parameters], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Starts programs, waits for what each prints when it is ready, runs `action`, and kills them. */
async function withPrograms<T>(
  commands: readonly (readonly string[])[],
  ready: RegExp,
  action: () => Promise<T>,
): Promise<T> {
  const children: ChildProcess[] = [];
  try {
    for (const [file = "", ...args] of commands) {
      const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
      children.push(child);
      for (let printed = ""; !ready.test(printed); ) {
        const [chunk] = (await once(child.stdout, "data")) as [Buffer];
        printed += chunk;
      }
      child.stdout.resume();
    }
    return await action();
  } finally {
    await Promise.all(
      children.map(async (child) => {
        const closed = once(child, "close");
        child.kill("SIGKILL");
        await closed;
      }),
    );
  }
}

async function measureJoin(
  commands: (interfaces: readonly string[]) => readonly (readonly string[])[],
  mtu: number,
  seconds: number,
): Promise<number> {
  const namespaces = new Namespaces();
  try {
    return await withPrograms(commands(namespaces.interfaces), /is attached|ready/, async () => {
      namespaces.place(mtu);
      return await namespaces.measure(seconds);
    });
  } finally {
    namespaces.close();
  }
}

async function measureMtu(plan: Plan, mtu: number): Promise<Figure> {
  const seconds = plan.quick ? 1 : 3;
  const intercell = async () => {
    await using machine = await startMachine();
    const cell = (peer: number, name = "") => [
      ...[process.execPath, "dist/cli/main.js", "net", "attach", "--no-up", "--mtu", String(mtu)],
      ...["--sim", machine.name, "--peer", String(peer), "--name", name],
    ];
    return await measureJoin(([left, right]) => [cell(0, left), cell(1, right)], mtu, seconds);
  };
  const forwarder = () =>
    measureJoin(([left = "", right = ""]) => [[buildC("tap_forward"), left, right]], mtu, seconds);
  const found = await interleave(plan.quick ? 1 : 3, { intercell, forwarder });
  const megabits = (values: readonly number[]) => values.map((value) => value / 1e6);
  return createFigure({
    ...{ name: `TCP over ivshmem-net, MTU ${mtu} / C forwarder`, unit: "Mbit/s", target: { least: 0.5 } },
    ...{ values: megabits(found.intercell), baselines: megabits(found.forwarder) },
  });
}

async function run(plan: Plan): Promise<Outcome> {
  const figures: Figure[] = [];
  for (const mtu of [1500, 16_384]) figures.push(await measureMtu(plan, mtu));
  return { figures };
}

/** Two namespaces joined by two endpoints in two processes, and by one C program. Wants root, ip and iperf3. */
export const net: Suite = { name: "net", onRequest: true, run };
