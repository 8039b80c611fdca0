import { type Machine, MachineEnvironment } from "../sim/index.js";
import type { DemoReport } from "./demo-report.js";
import type { DisplayCommand, DisplayReport, ShownStatistics } from "./display-messages.js";
import { CommandFailure } from "./exit.js";
import { jitterCanProtocol } from "./jitter-can-protocol.js";
import type { DisplayCounts } from "./jitter-display.js";
import type { GatewayReport } from "./jitter-gateway-main.js";
import { PiProcess } from "./pi-process.js";
import type { RoundTrips } from "./round-trips.js";
import { type UntilOptions, Watched } from "./watched.js";

/** Peer id of the root cell, which Pi A's process is. */
const ROOT_CELL = "0";
const ROUND_TRIPS = 50;
const nothing: DisplayCounts = { messages: 0, lost: 0, repeated: 0, missed: 0, sessions: 0, undecodable: 0 };

export interface CanShowParts {
  readonly machine: Machine;
  /** CAN interface, `virtual:` before the name of a bus without a kernel. */
  readonly interfaceName: string;
  readonly report: DemoReport;
  readonly wait: UntilOptions;
}

/** The demo's second half: two Pis, each a process, that talk over CAN. */
export class CanShow {
  readonly #parts: CanShowParts;
  readonly #watched = new Watched(() => `Pi B has ${this.#counts.messages} measurements, its link is ${this.#status}`);
  #piA: PiProcess | undefined;
  #piB: PiProcess<DisplayCommand> | undefined;
  #counts = nothing;
  #status: "connecting" | "up" | "down" = "connecting";
  #ready = false;
  #statistics: ShownStatistics | undefined;
  #roundTrips: RoundTrips | undefined;

  constructor(parts: CanShowParts) {
    this.#parts = parts;
  }

  get counts(): DisplayCounts {
    return this.#counts;
  }

  get roundTrips(): RoundTrips | undefined {
    return this.#roundTrips;
  }

  async play(): Promise<void> {
    const { report, wait } = this.#parts;
    await this.#connect();
    report.step("Pi B asks Pi A for the inmate's statistics; Pi A asks the inmate");
    this.#piB?.tell({ kind: "ask-statistics" });
    await this.#watched.until("the statistics", () => this.#statistics !== undefined, wait);
    if (this.#statistics !== undefined) report.reset(this.#statistics);
    this.#piB?.tell({ kind: "measure-round-trips", count: ROUND_TRIPS });
    await this.#watched.until("the round trips", () => this.#roundTrips !== undefined, wait);
    await this.#measurements(5);
    report.step("Pi A is killed (kill -9)");
    await this.#piA?.kill();
    await this.#watched.until("Pi B to miss Pi A", () => this.#status === "down", wait);
    report.step("Pi A is started again");
    await this.#startA();
    await this.#watched.until("Pi B to find Pi A again", () => this.#status === "up", wait);
    await this.#measurements(10);
  }

  /** Goes on until it is interrupted. */
  async goOn(): Promise<void> {
    const { signal } = this.#parts.wait;
    await this.#watched.until("an interruption", () => false, { signal });
  }

  /** Ends it with this error. */
  fail(error: Error): void {
    this.#watched.fail(error);
  }

  async close(): Promise<void> {
    await Promise.all([this.#piA?.kill(), this.#piB?.kill()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #connect(): Promise<void> {
    const { report, interfaceName, wait } = this.#parts;
    report.step("Two Pis: Pi A sends its inmate's measurements on over CAN to Pi B");
    report.detail(`bus       ${interfaceName}`);
    report.detail(`protocol  ${jitterCanProtocol.name}, type hash ${jitterCanProtocol.typeHashHex}`);
    await this.#startB();
    await this.#watched.until("Pi B to start", () => this.#ready, wait);
    await this.#startA();
    await this.#watched.until("the two Pis to find each other", () => this.#status === "up", wait);
    await this.#measurements(15);
  }

  async #startA(): Promise<void> {
    const { machine, interfaceName, report } = this.#parts;
    const env = { [MachineEnvironment.MACHINE]: machine.name, [MachineEnvironment.PEER]: ROOT_CELL };
    this.#piA = await PiProcess.start<GatewayReport>("Pi A", "cli/jitter-gateway-main", [interfaceName], env, {
      reported: ({ message }) => this.#watched.fail(new CommandFailure(`Pi A: ${message}`)),
      failed: (error) => this.#watched.fail(error),
    });
    report.detail(`Pi A      process ${this.#piA.pid}: the root cell of ${machine.name}, node 1 on the bus`);
  }

  async #startB(): Promise<void> {
    const { interfaceName, report } = this.#parts;
    const program = "cli/jitter-display-main";
    this.#piB = await PiProcess.start<DisplayReport, DisplayCommand>(
      "Pi B",
      program,
      [interfaceName],
      {},
      {
        reported: (told) => this.#told(told),
        failed: (error) => this.#watched.fail(error),
      },
    );
    report.detail(`Pi B      process ${this.#piB.pid}: node 2 on the bus`);
  }

  #told(told: DisplayReport): void {
    const { report } = this.#parts;
    this.#counts = told.counts;
    if (told.kind === "ready") this.#ready = true;
    else if (told.kind === "measured") report.shown(told.measurement);
    else if (told.kind === "statistics") this.#statistics = told.statistics;
    else if (told.kind === "round-trips") this.#roundTrips = told.roundTrips;
    else if (told.kind === "fault") this.#watched.fail(new CommandFailure(`Pi B: ${told.message}`));
    else {
      this.#status = told.kind;
      if (told.kind === "up") report.piUp(told);
      else report.piDown(told);
    }
    this.#watched.look();
  }

  async #measurements(count: number): Promise<void> {
    const goal = this.#counts.messages + count;
    await this.#watched.until(`${count} measurements`, () => this.#counts.messages >= goal, this.#parts.wait);
  }
}
