import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { type Machine, startMachine } from "../sim/index.js";
import { openCanBus } from "./can-bus.js";
import { CanShow } from "./demo-can.js";
import { type DemoCounts, findCanFaults, findFaults } from "./demo-faults.js";
import { runPiA, runPiB } from "./demo-node.js";
import { DemoReport } from "./demo-report.js";
import { CommandFailure } from "./exit.js";
import { chooseInmate, type InmateProgram, inmatePrograms } from "./inmate-program.js";
import { isWantedEnd, withInterruption } from "./interruption.js";
import { jitterProtocol } from "./jitter-protocol.js";
import { JitterRoot } from "./jitter-root.js";
import { createPalette } from "./palette.js";
import { measureRoundTrips, type RoundTrips } from "./round-trips.js";

/** Options of {@link runDemo}. */
export interface DemoOptions {
  /** Goes on until it is interrupted. @defaultValue false */
  readonly forever?: boolean | undefined;
  /** @defaultValue true */
  readonly color?: boolean | undefined;
  /** Name of an inmate program. @defaultValue the first that can run here */
  readonly inmate?: string | undefined;
  /** CAN interface, or `virtual:` and a name. @defaultValue a virtual bus of its own */
  readonly can?: string | undefined;
  /** Play one of the two Pis on the interface `can`, until it is interrupted. @defaultValue show all */
  readonly node?: "a" | "b" | undefined;
}

/** The cell that the inmate runs as; cell `i` is peer `i` of each device. */
const INMATE = 1;
const ROUND_TRIPS = 300;

/** Longest wait for what takes a second or two at most. */
const PATIENCE_MS = 10_000;

/**
 * Shows typed channels between the cells of a simulated Raspberry Pi 4, and over CAN between two, on the standard output, in less
 * than half a minute.
 *
 * @throws TypeError if a node is to be played without an interface; CommandFailure if anything was lost or missing; Interruption if
 * it is interrupted, unless it is to run forever.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const palette = createPalette(process.stdout, process.env, options.color ?? true);
  const report = new DemoReport((line) => process.stdout.write(`${line}\n`), palette);
  if (options.node !== undefined) {
    await playNode(options.node, options, report);
    return;
  }
  const program = chooseInmate(inmatePrograms, options.inmate);
  // What the last part of the show needs is better missed before its first part.
  if (options.can !== undefined) (await openCanBus(options.can)).close();
  await withInterruption(async (signal) => {
    await using machine = await startMachine({ signal });
    using root = new JitterRoot(await machine.openDevice({ peer: 0, signal }), INMATE, report);
    const interfaceName = options.can ?? `virtual:${machine.name}`;
    await using can = new CanShow({ machine, interfaceName, report, wait: { signal, timeoutMs: PATIENCE_MS } });
    const demo = new Demo({ machine, root, can, program, report, signal });
    await demo.run(options.forever ?? false);
  });
}

async function playNode(node: "a" | "b", { can, inmate }: DemoOptions, report: DemoReport): Promise<void> {
  if (can === undefined) throw new TypeError("--node wants --can as well: the interface on which the other Pi is");
  await withInterruption(async (signal) => {
    const parts = { interfaceName: can, report, signal };
    if (node === "b") await runPiB(parts);
    else await runPiA(chooseInmate(inmatePrograms, inmate), parts);
  });
}

interface DemoParts {
  readonly machine: Machine;
  readonly root: JitterRoot;
  readonly can: CanShow;
  readonly program: InmateProgram;
  readonly report: DemoReport;
  readonly signal: AbortSignal;
}

/** One showing, act by act. */
class Demo {
  readonly #parts: DemoParts;
  readonly #wait: { readonly signal: AbortSignal; readonly timeoutMs: number };
  #roundTrips: RoundTrips | undefined;
  /** Of the first half, once that is over. */
  #counts: DemoCounts | undefined;
  /** Inmates that are to be killed, whose end is no fault. */
  readonly #doomed = new WeakSet<ChildProcess>();

  constructor(parts: DemoParts) {
    this.#parts = parts;
    this.#wait = { signal: parts.signal, timeoutMs: PATIENCE_MS };
  }

  async run(forever: boolean): Promise<void> {
    const { root, can, report } = this.#parts;
    try {
      await this.#play();
      // Pi A is a process of its own, and the root cell has one device.
      this.#counts = this.#count();
      root.close();
      await can.play();
      if (forever) await can.goOn();
    } catch (error) {
      if (!(forever && isWantedEnd(error))) throw error;
    }
    report.summary(root, this.#roundTrips);
    report.canSummary(can.counts, can.roundTrips);
    const faults = [
      ...findFaults(this.#counts ?? this.#count(), forever),
      ...findCanFaults(can.counts, { interrupted: forever }),
    ];
    report.verdict(faults);
    if (faults.length > 0) throw new CommandFailure(`The demo failed: ${faults.join("; ")}`);
  }

  #count(): DemoCounts {
    const { root } = this.#parts;
    return { ticks: root.ticks, unsent: root.unsent, channel: root.channel.statistics };
  }

  async #play(): Promise<void> {
    const inmate = await this.#start();
    await this.#listen();
    await this.#command();
    await this.#echo();
    await this.#kill(inmate);
    await this.#restart();
  }

  async #start(): Promise<ChildProcess> {
    const { machine, root, program, report, signal } = this.#parts;
    report.step("A simulated Raspberry Pi 4 with Jailhouse starts");
    report.detail(`machine   ${machine.name}, its hypervisor is process ${machine.brokerPid}`);
    report.detail(`link      ${root.link.name}`);
    report.detail(`protocol  ${jitterProtocol.name}, type hash ${jitterProtocol.typeHashHex}`);
    const inmate = this.#watch(await machine.startCell(INMATE, await program.prepare(signal)));
    report.detail(`inmate    ${program.name}: ${program.description}, process ${inmate.pid}`);
    await root.channel.ready(this.#wait);
    report.cells(await machine.cells());
    return inmate;
  }

  async #listen(): Promise<void> {
    const { root, report } = this.#parts;
    report.step("The inmate measures the jitter of its 10 Hz timer");
    await root.measurements(15, this.#wait);
  }

  async #command(): Promise<void> {
    const { root, report } = this.#parts;
    report.step("The root cell tells the inmate to reset its statistics");
    report.reset(await root.channel.request("reset", { lastTick: root.ticks.last }, this.#wait));
    await root.measurements(8, this.#wait);
  }

  async #echo(): Promise<void> {
    const { root, report, signal } = this.#parts;
    report.step(`The root cell asks ${ROUND_TRIPS} times for an echo, while the timer goes on`);
    this.#roundTrips = await measureRoundTrips(root.channel, ROUND_TRIPS, signal);
    await root.measurements(5, this.#wait);
  }

  async #kill(inmate: ChildProcess): Promise<void> {
    const { machine, root, report } = this.#parts;
    report.step("The inmate is killed (kill -9)");
    this.#doomed.add(inmate);
    const exit = once(inmate, "exit");
    inmate.kill("SIGKILL");
    await exit;
    await root.until("the link to go down", () => root.link.status !== "up", this.#wait);
    report.cells(await machine.cells());
  }

  async #restart(): Promise<void> {
    const { machine, root, report } = this.#parts;
    report.step("The inmate is started again");
    this.#watch(await machine.restartCell(INMATE));
    await root.until("the channel to open again", () => root.channel.status === "open", this.#wait);
    await root.measurements(10, this.#wait);
  }

  #watch(inmate: ChildProcess): ChildProcess {
    const { root, can } = this.#parts;
    inmate.once("exit", (code, signal) => {
      if (this.#doomed.has(inmate)) return;
      const failure = new CommandFailure(`The inmate ended by itself (${signal ?? code})`);
      root.fail(failure);
      can.fail(failure);
    });
    return inmate;
  }
}
