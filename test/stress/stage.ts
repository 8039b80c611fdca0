import { fileURLToPath } from "node:url";
import { openShm, type ShmNodeOptions } from "../../src/shm/index.js";
import { type Machine, type MachineOptions, startMachine } from "../../src/sim/index.js";
import type { IvshmemDevice } from "../../src/uio/index.js";
import { type Program, type Report, tracesOf, WarmPool } from "../support/processes.js";
import { readSeed } from "../support/seed.js";
import { Ledger, LIFE_BYTES } from "./ledger.js";
import type { CellSettings } from "./programs/cell.js";
import { Traffic, type TrafficOptions } from "./traffic.js";

const PAGE_BYTES = 0x1000;
/** Longest wait for anything, in milliseconds: reached only if something hangs. */
const WAIT_MS = 20_000;

/** Path of a program of test/stress/programs. */
export function programSource(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
}

/** Numbers from 0 to below 1 that the seed of the run and a name decide. */
export function createRandom(name: string): () => number {
  let state = readSeed();
  for (const character of name) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  // Mulberry32, by Tommy Ettinger.
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export async function sleep(delayMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Waits until `condition` holds; throws with `what` if it never does. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const lateAtMs = performance.now() + WAIT_MS;
  while (!condition()) {
    if (performance.now() > lateAtMs) throw new Error(`Waited ${WAIT_MS} ms in vain: ${what}`);
    await sleep(1);
  }
}

/** A cell of the stage's machine that lives in the process of the test. */
export class LocalCell {
  readonly traffic: Traffic;
  readonly ledger: Ledger;
  readonly reports: Report[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(device: IvshmemDevice, traffic: TrafficOptions, node: ShmNodeOptions, sessions: number) {
    const lives = Math.ceil(sessions / 30);
    this.ledger = new Ledger(new Uint8Array(lives * LIFE_BYTES), 0, lives);
    this.traffic = new Traffic(openShm(device, node), this.ledger, traffic, (...report) => {
      this.reports.push(report);
      for (const watcher of [...this.#watchers]) watcher();
    });
  }

  /** What was reported of that name, without the name. */
  reported(event: string): readonly (readonly unknown[])[] {
    return this.reports.filter(([name]) => name === event).map(([, ...values]) => values);
  }

  /** Waits until there is a report that `fits`, looking from the one numbered `from`. Told at once, with no poll between. */
  async heard(what: string, fits: (report: Report) => boolean, from = 0): Promise<Report> {
    let next = from;
    return await new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const look = () => {
        for (; next < this.reports.length; next += 1) {
          const report = this.reports[next] as Report;
          if (!fits(report)) continue;
          end();
          resolve(report);
          return;
        }
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`Waited ${WAIT_MS} ms in vain: ${what}; heard ${JSON.stringify(this.reports.slice(-10))}`));
      }, WAIT_MS);
      this.#watchers.add(look);
      look();
    });
  }
}

/** Lets cells end in good order, after all that any of them sent has arrived. */
export async function finish(cells: readonly Program[]): Promise<void> {
  for (const cell of cells) cell.tell("stop");
  for (const cell of cells) await cell.next("stopped");
  for (const cell of cells) cell.tell("close");
  for (const cell of cells) await cell.exited;
}

/** A machine whose R/W section holds ledgers, cells that wait to be let loose on it, and what is to be left of it all. */
export class Stage {
  readonly machine: Machine;
  readonly pool: WarmPool;
  readonly #observer: IvshmemDevice;

  private constructor(machine: Machine, pool: WarmPool, observer: IvshmemDevice) {
    this.machine = machine;
    this.pool = pool;
    this.#observer = observer;
  }

  /** `lives` is how often cells start at most; the last peer is the stage's own, which reads the ledgers there. */
  static async open(options: { lives: number; warm: number; peers?: number; outputBytes?: number }): Promise<Stage> {
    const { lives, warm, peers = 3, outputBytes = 0x2000 } = options;
    const rwBytes = Math.ceil((lives * LIFE_BYTES) / PAGE_BYTES) * PAGE_BYTES;
    const machineOptions: MachineOptions = { devices: [{ peers, rwBytes, outputBytes }] };
    const machine = await startMachine(machineOptions);
    const observer = await machine.openDevice({ peer: peers - 1 });
    // Some tests take the machine away.
    observer.events.on("error", () => undefined);
    return new Stage(machine, await WarmPool.open(programSource("cell"), warm), observer);
  }

  async openLocal(
    peer: number,
    traffic: TrafficOptions,
    options: { node?: ShmNodeOptions; sessions?: number } = {},
  ): Promise<LocalCell> {
    const device = peer === this.#observer.id ? this.#observer : await this.machine.openDevice({ peer });
    return new LocalCell(device, traffic, options.node ?? {}, options.sessions ?? 30);
  }

  settings(peer: number, life: number, traffic: TrafficOptions, node: ShmNodeOptions = {}): CellSettings {
    return { machine: this.machine.name, peer, life, traffic, node };
  }

  ledger(life: number): Ledger {
    if (this.#observer.rwSection === undefined) throw new TypeError("The machine has no R/W section");
    return new Ledger(this.#observer.rwSection.bytes, life);
  }

  /** Ends everything; gives what went wrong in the cells, and what is left on this computer. */
  async close(): Promise<{ readonly faults: readonly Report[]; readonly traces: readonly string[] }> {
    const faults = await this.pool.close();
    await this.machine.close();
    return { faults, traces: tracesOf(this.machine.name) };
  }
}
