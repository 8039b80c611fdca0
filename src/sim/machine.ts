import type { ChildProcess } from "node:child_process";
import { ErrorCode, IntercellError, requireKnownKeys } from "../errors.js";
import type { IvshmemDevice } from "../uio/device.js";
import { type BrokerProcess, startBroker } from "./broker-process.js";
import type { CellInfo, StopKind } from "./cell.js";
import { CellProcess, type CellProgram } from "./cell-process.js";
import type { WaitOptions } from "./client.js";
import type { CellReference, DeviceInspection } from "./control.js";
import { type ControlClient, connectControl } from "./control-client.js";
import { type OpenSimOptions, openSim } from "./device.js";
import {
  checkCells,
  defaultCells,
  defaultDevices,
  deviceGeometry,
  type SimCellOptions,
  type SimDeviceOptions,
} from "./geometry.js";
import { checkMachineName, randomMachineName } from "./names.js";

/** Options of {@link startMachine}. */
export interface MachineOptions extends WaitOptions {
  /** 1 to 64 letters, digits, dots, dashes or underscores. @defaultValue a random name */
  readonly name?: string;
  /** @defaultValue the demo device of a Raspberry Pi 4, 3 peers and 0x1000 / 0x9000 / 3 x 0x2000 bytes, and its network device,
   * 2 peers and 0x1000 / 0 / 2 x 0x7f000 bytes; both INTx */
  readonly devices?: readonly SimDeviceOptions[];
  /** @defaultValue the root cell `Raspberry-Pi4` on CPUs 0,2-3 and `inmate-demo` on CPU 1 */
  readonly cells?: readonly SimCellOptions[];
}

/** Options of {@link Machine.openDevice}. */
export type MachineDeviceOptions = Omit<OpenSimOptions, "machine" | "peer"> & { readonly peer: number };

/**
 * A simulated Jailhouse machine. Its broker is a process of its own, which ends with {@link close} or with the process
 * that started it; the machine does not keep the event loop alive.
 */
export class Machine {
  readonly name: string;
  readonly #broker: BrokerProcess;
  readonly #control: ControlClient;
  readonly #devices = new Set<IvshmemDevice>();
  /** The last process of each cell by the cell's id; it stays after the process ended, for {@link restartCell}. */
  readonly #processes = new Map<number, CellProcess>();
  #closing: Promise<void> | undefined;

  /** @internal Use {@link startMachine}. */
  constructor(name: string, broker: BrokerProcess, control: ControlClient) {
    this.name = name;
    this.#broker = broker;
    this.#control = control;
    void broker.ended.then(() => this.#killCells());
  }

  /** The broker's process id, such as for a look at its memory in /proc. */
  get brokerPid(): number {
    return this.#broker.pid;
  }

  /** Opens a device in this process as `peer`; see {@link openSim} for the errors. {@link close} closes it too. */
  async openDevice(options: MachineDeviceOptions): Promise<IvshmemDevice> {
    requireKnownKeys("openDevice", options, ["peer", "device", "fallbackPollMs", "signal", "timeoutMs"]);
    const device = await openSim({ ...options, machine: this.name });
    this.#devices.add(device);
    device.events.once("close", () => this.#devices.delete(device));
    return device;
  }

  /** What `jailhouse cell list` would show. */
  async cells(): Promise<readonly CellInfo[]> {
    return await this.#control.request("cells", {});
  }

  /** What the hypervisor knows of each peer of each device. */
  async inspect(): Promise<readonly DeviceInspection[]> {
    return await this.#control.request("inspect", {});
  }

  /**
   * Runs a program as a cell that is shut down or has failed. It leads a process group of its own and is killed with
   * the machine; {@link openSim} without options opens the machine's first device in it.
   *
   * @throws IntercellError `EBUSY` if the cell runs, `ENOENT` if there is no such cell or program, `EINVAL` for the root cell.
   */
  async startCell(cell: CellReference, program: CellProgram): Promise<ChildProcess> {
    const { id } = await this.#control.request("prepareCell", { cell });
    const process = await CellProcess.start(this.name, id, program);
    this.#processes.set(id, process);
    const { pid } = process;
    void process.ended.then(() => this.#control.request("cellExited", { cell: id, pid })).catch(() => undefined);
    await this.#control.request("cellStarted", { cell: id, pid });
    return process.child;
  }

  /**
   * The cell stops dead, as after a fault that the hypervisor caught: its state words stay, nobody is interrupted, and
   * it shows as failed. A cell in another process is killed; in this process its devices fail.
   *
   * @throws IntercellError `EINVAL` if the cell does not run or is the root cell.
   */
  async crashCell(cell: CellReference): Promise<void> {
    await this.#stop(cell, "crash");
  }

  /** Stops a cell: its state words become 0, with an interrupt for each armed peer. Sections keep their content. */
  async shutdownCell(cell: CellReference): Promise<void> {
    await this.#stop(cell, "shutdown");
  }

  /** Shuts a cell down and takes it off the machine: its peer ids cannot be opened any more. */
  async destroyCell(cell: CellReference): Promise<void> {
    await this.#stop(cell, "destroy");
  }

  /**
   * Shuts a cell down and runs its program again.
   *
   * @throws IntercellError `ERR_UNSUPPORTED` if the cell was never started with {@link startCell}.
   */
  async restartCell(cell: CellReference): Promise<ChildProcess> {
    const found = (await this.cells()).find(({ id, name }) => id === cell || name === cell);
    const process = found && this.#processes.get(found.id);
    if (found !== undefined && process === undefined) {
      throw new IntercellError(
        ErrorCode.UNSUPPORTED,
        `Cannot restart cell ${found.name} as startCell() never started it; shut it down and open its device again`,
      );
    }
    await this.shutdownCell(cell);
    if (found === undefined || process === undefined) throw new Error("A cell that is unknown was shut down");
    return await this.startCell(found.id, process.program);
  }

  /**
   * Closes the devices that {@link openDevice} opened, kills the processes that {@link startCell} started, ends the
   * broker and waits until all are gone. Devices that other processes opened fail. Idempotent.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    for (const device of this.#devices) device.close();
    this.#killCells();
    this.#control.close();
    await this.#broker.end();
    await Promise.all([...this.#processes.values()].map(({ ended }) => ended));
  }

  async #stop(cell: CellReference, how: StopKind): Promise<void> {
    const { id } = await this.#control.request("stopCell", { cell, how });
    await this.#processes.get(id)?.ended;
  }

  #killCells(): void {
    for (const process of this.#processes.values()) process.kill();
  }
}

/**
 * Starts a simulated Jailhouse machine and waits until it can be used.
 *
 * @throws IntercellError `EADDRINUSE` if this user runs a machine of that name.
 */
export async function startMachine(options: MachineOptions = {}): Promise<Machine> {
  requireKnownKeys("startMachine", options, ["name", "devices", "cells", "signal", "timeoutMs"]);
  const name = checkMachineName(options.name ?? randomMachineName());
  const devices = (options.devices ?? defaultDevices).map(deviceGeometry);
  const cells = checkCells(options.cells ?? defaultCells);
  const broker = await startBroker({ name, devices, cells }, options);
  try {
    return new Machine(name, broker, await connectControl(name, options));
  } catch (error) {
    await broker.end();
    throw error;
  }
}
