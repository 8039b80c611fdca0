import { fileURLToPath } from "node:url";
import { openShm } from "../../../src/shm/index.js";
import type { IvshmemDevice } from "../../../src/uio/index.js";
import { Ledger, LIFE_BYTES } from "../../stress/ledger.js";
import { LocalCell } from "../../stress/stage.js";
import type { TrafficOptions } from "../../stress/traffic.js";
import { type Report, WarmPool } from "../../support/processes.js";
import type { CellSettings } from "./programs/cell.js";
import { addressOf, loadModule, openPeer, raspberryPi4, unloadModule } from "./test-module.js";

const PAGE_BYTES = 0x1000;
const OBSERVER = 2;

/** Loads a machine of three peers whose R/W section holds ledgers, and keeps processes ready to be its cells. */
export class KernelStage {
  readonly pool: WarmPool;
  readonly #observer: IvshmemDevice;
  readonly #local: LocalCell[] = [];

  private constructor(pool: WarmPool, observer: IvshmemDevice) {
    this.pool = pool;
    this.#observer = observer;
  }

  /** `lives` is how often cells start at most; peer 2 is the stage's own, which reads the ledgers there. */
  static async open({ lives, warm }: { lives: number; warm: number }): Promise<KernelStage> {
    const rwBytes = Math.ceil((lives * LIFE_BYTES) / PAGE_BYTES) * PAGE_BYTES;
    loadModule([{ ...raspberryPi4, rwBytes }]);
    const pool = await WarmPool.open(cellProgram(), warm);
    return new KernelStage(pool, await openPeer(0, OBSERVER));
  }

  async openLocal(peer: number, traffic: TrafficOptions, sessions = 30): Promise<LocalCell> {
    const cell = new LocalCell(await openPeer(0, peer, { fallbackPollMs: 50 }), traffic, {}, sessions);
    this.#local.push(cell);
    return cell;
  }

  settings(peer: number, life: number, traffic: TrafficOptions): CellSettings {
    return { address: addressOf(0, peer), life, traffic };
  }

  ledger(life: number): Ledger {
    if (this.#observer.rwSection === undefined) throw new TypeError("The machine has no R/W section");
    return new Ledger(this.#observer.rwSection.bytes, life);
  }

  /** Ends everything; gives what went wrong in the cells. */
  async close(): Promise<readonly Report[]> {
    const faults = await this.pool.close();
    for (const { traffic } of this.#local) traffic.node.close();
    this.#observer.close();
    unloadModule();
    return faults;
  }
}

/** Path of the program of a cell. */
export function cellProgram(): string {
  return fileURLToPath(new URL("./programs/cell.ts", import.meta.url));
}

/** A node on a peer's device in this process. */
export async function openLocalNode(peer: number, fallbackPollMs: number) {
  return openShm(await openPeer(0, peer, { fallbackPollMs }));
}
