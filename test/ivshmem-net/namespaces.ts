import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Machine, startMachine } from "../../src/sim/index.js";
import { RunningCommand } from "../cli/command.js";
import { type SkipOptions, skipUnless } from "../support/skip.js";

const has = (program: string) => spawnSync("which", [program], { stdio: "ignore" }).status === 0;

/** What these tests need of a machine. */
export const needsNamespaces: SkipOptions = skipUnless(
  process.getuid?.() === 0 && existsSync("/dev/net/tun") && ["ip", "ping", "iperf3"].every(has),
  "namespaces with TAP interfaces want root, /dev/net/tun, ip, ping and iperf3",
);

let stages = 0;

/** One side: a network namespace with a TAP interface that is joined to an endpoint in a process of its own. */
export interface Side {
  readonly namespace: string;
  readonly interfaceName: string;
  readonly address: string;
  /** The `intercell net attach` of this side. */
  command: RunningCommand;
}

/** Two namespaces, joined by two endpoints in two processes over a simulated machine. */
export class NetStage {
  readonly machine: Machine;
  readonly mtu: number;
  readonly sides: [Side, Side];

  private constructor(machine: Machine, mtu: number, sides: [Side, Side]) {
    this.machine = machine;
    this.mtu = mtu;
    this.sides = sides;
  }

  static async create(mtu: number): Promise<NetStage> {
    const machine = await startMachine();
    stages++;
    const side = (peer: 0 | 1): Side => {
      const namespace = `ic${process.pid}-${stages}-${peer}`;
      ip("netns", "add", namespace);
      ip("-n", namespace, "link", "set", "lo", "up");
      const interfaceName = `ic${process.pid % 100_000}x${stages}${peer}`;
      return {
        ...{ namespace, interfaceName, address: `192.0.2.${peer + 1}` },
        command: attach(machine.name, peer, interfaceName, mtu),
      };
    };
    const stage = new NetStage(machine, mtu, [side(0), side(1)]);
    try {
      for (const peer of [0, 1] as const) await stage.#move(peer);
      for (const { command } of stage.sides) await command.printed(/^The link is up\.$/m);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** Kills the process of a side and starts it again, with the same addresses. */
  async restart(peer: 0 | 1): Promise<void> {
    const side = this.sides[peer];
    await side.command.interrupt("SIGKILL");
    side.command = attach(this.machine.name, peer, side.interfaceName, this.mtu);
    await this.#move(peer);
    await side.command.printed(/^The link is up\.$/m);
  }

  /** Runs a program in the namespace of a side and gives what it printed. */
  run(peer: 0 | 1, ...command: readonly string[]): string {
    const { namespace } = this.sides[peer];
    return execFileSync("ip", ["netns", "exec", namespace, ...command], { encoding: "utf8", timeout: 170_000 });
  }

  async close(): Promise<void> {
    for (const { command, namespace } of this.sides) {
      await command.interrupt("SIGKILL");
      ip("netns", "delete", namespace);
    }
    await this.machine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Puts the interface of a side into its namespace. The MAC address is its own to keep. */
  async #move(peer: 0 | 1): Promise<void> {
    const { command, interfaceName, namespace, address } = this.sides[peer];
    await command.printed(/is attached to/);
    ip("link", "set", interfaceName, "netns", namespace);
    ip("-n", namespace, "link", "set", interfaceName, "address", `02:00:00:00:00:0${peer + 1}`);
    ip("-n", namespace, "address", "add", `${address}/24`, "dev", interfaceName);
    ip("-n", namespace, "link", "set", interfaceName, "up");
  }
}

function attach(machine: string, peer: number, name: string, mtu: number): RunningCommand {
  const options = ["--sim", machine, "--peer", String(peer), "--name", name, "--mtu", String(mtu), "--no-up"];
  return new RunningCommand(["net", "attach", ...options]);
}

function ip(...parameters: readonly string[]): void {
  execFileSync("ip", [...parameters], { stdio: ["ignore", "ignore", "inherit"] });
}
