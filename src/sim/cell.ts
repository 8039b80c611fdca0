import type { SimCellOptions } from "./geometry.js";

/** State of a cell, in the words of Jailhouse's sysfs (`/sys/devices/jailhouse/cells/<id>/state`). */
export type CellState = "running" | "shut down" | "failed";

/** One cell as `jailhouse cell list` shows it. */
export interface CellInfo {
  readonly id: number;
  readonly name: string;
  readonly state: CellState;
  /** In sysfs' list form, such as `"0,2-3"`. */
  readonly cpusAssigned: string;
  /** In the same form; empty unless the cell failed. */
  readonly cpusFailed: string;
  /** The process that runs as this cell, if there is one. */
  readonly pid?: number;
}

/** How a cell is stopped: by its own fault, or by the management side. */
export type StopKind = "crash" | "shutdown" | "destroy";

/** A cell as the hypervisor keeps it. */
export class Cell {
  readonly id: number;
  readonly name: string;
  readonly cpus: string;
  /** Set from a crash until the cell is shut down, destroyed or started. */
  failed = false;
  /** The process that was started as this cell and leads its own process group. */
  startedPid: number | undefined;

  constructor(id: number, options: SimCellOptions) {
    this.id = id;
    this.name = options.name;
    this.cpus = options.cpus;
  }

  /** @param attachedPid The process that has one of the cell's devices open. */
  info(attachedPid: number | undefined): CellInfo {
    const pid = attachedPid ?? this.startedPid;
    const running = this.id === 0 || pid !== undefined;
    return {
      id: this.id,
      name: this.name,
      state: this.failed ? "failed" : running ? "running" : "shut down",
      cpusAssigned: this.cpus,
      cpusFailed: this.failed ? this.cpus : "",
      ...(pid === undefined ? {} : { pid }),
    };
  }
}
