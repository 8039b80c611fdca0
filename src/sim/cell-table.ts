import { IntercellError } from "../errors.js";
import type { Connection } from "../native.js";
import { Cell, type CellInfo, type StopKind } from "./cell.js";
import type { CellReference } from "./control.js";
import type { SimCellOptions } from "./geometry.js";
import type { HypervisorDevice } from "./hypervisor.js";
import { encodeNotice, StopReason } from "./wire.js";

/** Time that a stopped cell has to be gone: killing takes microseconds, a cell in a busy process a turn of its loop. */
const STOP_TIMEOUT_MS = 5_000;

/** A process that has a device open as one of its peers. */
export interface Attachment {
  readonly connection: Connection;
  readonly device: number;
  readonly peer: number;
  readonly pid: number;
}

interface Attached extends Attachment {
  /** Set before a crashed cell goes, as its state word then stays. */
  keepState: boolean;
  readonly gone: Promise<void>;
}

/** The cells of a machine and the processes that run as them. Cell `i` is peer `i` of every device. */
export class CellTable {
  readonly #cells: Map<number, Cell>;
  readonly #destroyed = new Set<number>();
  readonly #devices: readonly HypervisorDevice[];
  readonly #ownerPid: number;
  readonly #attached = new Set<Attached>();

  constructor(cells: readonly SimCellOptions[], devices: readonly HypervisorDevice[], ownerPid: number) {
    this.#cells = new Map(cells.map((options, id) => [id, new Cell(id, options)]));
    this.#devices = devices;
    this.#ownerPid = ownerPid;
  }

  list(): readonly CellInfo[] {
    return [...this.#cells.values()].map((cell) => this.#info(cell));
  }

  /** The process that has `peer` of `device`, if there is one. */
  holder(device: number, peer: number): number | undefined {
    const found = [...this.#attached].find((attached) => attached.device === device && attached.peer === peer);
    // It may have hung up a moment ago, with the event loop yet to tell.
    found?.connection.receive();
    return found !== undefined && this.#attached.has(found) ? found.pid : undefined;
  }

  /** Why the cell that is `peer` cannot run, or `undefined` if it can. A peer that no cell has is free for all. */
  startFault(peer: number): string | undefined {
    if (this.#destroyed.has(peer)) return `Cell ${peer} was destroyed.`;
    const cell = this.#cells.get(peer);
    return cell?.failed ? `Cell ${cell.name} has failed: shut it down, or start it again.` : undefined;
  }

  /** Notes a process as the one that has a peer. Returns what is to be called when it is gone. */
  attach(attachment: Attachment): () => void {
    let resolve = (): void => undefined;
    const gone = new Promise<void>((done) => {
      resolve = done;
    });
    const attached: Attached = { ...attachment, keepState: false, gone };
    this.#attached.add(attached);
    return () => {
      if (!this.#attached.delete(attached)) return;
      this.#devices[attached.device]?.detach(attached.peer, { keepState: attached.keepState });
      resolve();
    };
  }

  /** Resets a cell that is to be started. */
  prepare(reference: CellReference): CellInfo {
    const cell = this.#inmate(reference, "start");
    const { state, pid } = this.#info(cell);
    if (state === "running") {
      throw new IntercellError("EBUSY", `Cannot start cell ${cell.name} as process ${pid} runs as it; shut it down`);
    }
    this.#reset(cell);
    return this.#info(cell);
  }

  started(id: number, pid: number): void {
    const cell = this.#cells.get(id);
    if (cell === undefined) killGroup(pid);
    else cell.startedPid = pid;
  }

  exited(id: number, pid: number): void {
    const cell = this.#cells.get(id);
    if (cell?.startedPid === pid) cell.startedPid = undefined;
  }

  /** Stops a cell and waits until none of its processes has a device any more. */
  async stop(reference: CellReference, how: StopKind): Promise<CellInfo> {
    const cell = this.#inmate(reference, how);
    const attached = [...this.#attached].filter(({ peer }) => peer === cell.id);
    if (how === "crash" && this.#info(cell).state !== "running") {
      throw new IntercellError("EINVAL", `Cannot crash cell ${cell.name} as it is ${this.#info(cell).state}; start it`);
    }
    cell.failed = how === "crash";
    for (const each of attached) this.#stopAttached(each, how);
    if (cell.startedPid !== undefined) killGroup(cell.startedPid);
    cell.startedPid = undefined;
    await this.#allGone(cell, attached);
    if (how !== "crash") this.#reset(cell);
    if (how === "destroy") {
      this.#cells.delete(cell.id);
      this.#destroyed.add(cell.id);
    }
    return this.#info(cell);
  }

  /** Kills the processes that were started as cells: their machine is gone. */
  killStarted(): void {
    for (const cell of this.#cells.values()) if (cell.startedPid !== undefined) killGroup(cell.startedPid);
  }

  #stopAttached(attached: Attached, how: StopKind): void {
    attached.keepState = how === "crash";
    // The kernel gives 0 for a process of another pid namespace, which cannot be killed from here.
    if (attached.pid !== this.#ownerPid && attached.pid !== 0) {
      kill(attached.pid);
      return;
    }
    try {
      attached.connection.send(encodeNotice(how === "crash" ? StopReason.CRASHED : StopReason.SHUT_DOWN));
    } catch {
      // It is on its way out: the hang-up follows.
    }
  }

  async #allGone(cell: Cell, attached: readonly Attached[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<"timeout">((resolve) => {
      timer = setTimeout(() => resolve("timeout"), STOP_TIMEOUT_MS);
    });
    const outcome = await Promise.race([Promise.all(attached.map(({ gone }) => gone)), timeout]);
    clearTimeout(timer);
    if (outcome === "timeout") {
      throw new IntercellError(
        "ETIMEDOUT",
        `Cannot stop cell ${cell.name} as its process can only be asked and does not answer; let its event loop run`,
      );
    }
  }

  /** State 0 on every device and the failure forgotten, as after `jailhouse cell shutdown`. */
  #reset(cell: Cell): void {
    cell.failed = false;
    for (const device of this.#devices) {
      if (cell.id < device.geometry.peers) device.detach(cell.id, { keepState: false });
    }
  }

  #info(cell: Cell): CellInfo {
    return cell.info([...this.#attached].find(({ peer }) => peer === cell.id)?.pid);
  }

  #inmate(reference: CellReference, verb: string): Cell {
    const cell = [...this.#cells.values()].find(({ id, name }) => id === reference || name === reference);
    if (cell === undefined) {
      const known = [...this.#cells.values()].map(({ id, name }) => `${id} ${name}`).join(", ");
      throw new IntercellError("ENOENT", `There is no cell ${reference} to ${verb}: the cells are ${known}`);
    }
    if (cell.id === 0) {
      throw new IntercellError("EINVAL", `Cannot ${verb} cell ${cell.name} as it is the root cell; close the machine`);
    }
    return cell;
  }
}

/** 0 and -1 are no process but many (kill(2)), so they are never killed, whatever a client says. */
function killGroup(pid: number): void {
  if (Number.isInteger(pid) && pid > 1) kill(-pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has gone by itself.
  }
}
