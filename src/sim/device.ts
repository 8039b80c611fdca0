import { ErrorCode, IntercellError, requireKnownKeys } from "../errors.js";
import type { Connection } from "../native.js";
import {
  closeDescriptor,
  createSimRegisters,
  type Descriptor,
  mapMemory,
  type Registers,
  unmapMemory,
  unmapRegisters,
} from "../native.js";
import type { IvshmemDevice } from "../uio/device.js";
import { type DeviceParts, MappedDevice } from "../uio/mapped-device.js";
import { greetBroker, machineGone, type WaitOptions } from "./client.js";
import { type DeviceGeometry, type DeviceReference, encodeDevice } from "./geometry.js";
import { checkMachineName, MachineEnvironment } from "./names.js";
import { ClientKind, decodeNotice, StopReason, type Welcome } from "./wire.js";

/** Options of {@link openSim}. */
export interface OpenSimOptions extends WaitOptions {
  /** Name of the machine. @defaultValue the environment variable INTERCELL_SIM */
  readonly machine?: string | undefined;
  /** Peer id to open the device as. @defaultValue the environment variable INTERCELL_PEER */
  readonly peer?: number | undefined;
  /** Index of the device, `"net"`, or the first of a protocol. @defaultValue 0 */
  readonly device?: DeviceReference | undefined;
  /** Period of the fallback poll; 0 switches it off. @defaultValue 50 */
  readonly fallbackPollMs?: number | undefined;
}

/**
 * Opens a device of a simulated machine as one of its peers, from any process of the machine's user. The interrupt is
 * armed; the state word is left at 0.
 *
 * @throws IntercellError `ERR_NOT_FOUND` if there is no such machine, `EBUSY` if the peer is in use, `ENODEV` or
 * `EINVAL` if the machine has no such device or peer, `ESHUTDOWN` if the cell has failed or was destroyed.
 */
export async function openSim(options: OpenSimOptions = {}): Promise<IvshmemDevice> {
  requireKnownKeys("openSim", options, ["machine", "peer", "device", "fallbackPollMs", "signal", "timeoutMs"]);
  const machine = checkMachineName(options.machine ?? fromEnvironment(MachineEnvironment.MACHINE, "machine"));
  const peer = options.peer === undefined ? peerOfEnvironment() : requireIndex("peer", options.peer);
  const device = encodeDevice(options.device ?? 0);
  const fallbackPollMs = requireIndex("fallbackPollMs", options.fallbackPollMs ?? 50);
  return await greetBroker(
    machine,
    { kind: ClientKind.CELL, device, peer },
    options,
    (welcome, descriptors, connection) => plugIn(machine, welcome, descriptors, connection, fallbackPollMs),
  );
}

function plugIn(
  machine: string,
  welcome: Welcome,
  descriptors: readonly Descriptor[],
  connection: Connection,
  fallbackPollMs: number,
): MappedDevice {
  const interrupt = eventfdsOf(welcome, descriptors)[welcome.peer] as Descriptor;
  const mapped = new MappedParts();
  try {
    const parts = mapped.map(welcome, descriptors);
    const device = new MappedDevice({
      ...parts,
      name: `sim[${machine}:${welcome.device}]`,
      interrupt: { descriptor: interrupt, countBytes: 8 },
      fallbackPollMs,
      release: () => {
        closeDescriptor(interrupt);
        connection.close();
      },
    });
    connection.handle({
      message: ({ bytes }) => device.fail(stopped(machine, welcome.peer, decodeNotice(bytes))),
      end: () => device.fail(machineGone(machine)),
    });
    // The interrupt keeps the process alive as long as the device is open; that is enough.
    connection.keepAlive(false);
    for (const descriptor of descriptors) if (descriptor !== interrupt) closeDescriptor(descriptor);
    return device;
  } catch (error) {
    mapped.unmap();
    for (const descriptor of descriptors) closeDescriptor(descriptor);
    throw error;
  }
}

/** The mappings of a device while it is being made. */
class MappedParts {
  readonly #buffers: ArrayBuffer[] = [];
  #registers: Registers | undefined;

  map(
    welcome: Welcome,
    descriptors: readonly Descriptor[],
  ): Omit<DeviceParts, "name" | "interrupt" | "fallbackPollMs" | "release"> {
    const { geometry, peer } = welcome;
    requireCount(geometry, welcome, descriptors);
    const [hypervisor = -1, stateTable = -1, stateTableReadOnly = -1] = descriptors;
    const sections = descriptors.slice(3 + geometry.peers);
    const rwSection = geometry.rwBytes > 0 ? sections.shift() : undefined;
    const inputs = geometry.outputBytes > 0 ? sections.splice(0, geometry.peers) : [];
    const [output] = sections;
    const eventfds = eventfdsOf(welcome, descriptors);
    this.#registers = createSimRegisters({ hypervisor, stateTable, peer, eventfds });
    return {
      id: peer,
      maxPeers: geometry.peers,
      vectors: Math.max(1, geometry.vectors),
      protocol: geometry.protocol,
      registers: this.#registers,
      stateTable: new Uint32Array(this.#map(stateTableReadOnly, geometry.stateTableBytes, false), 0, geometry.peers),
      rwSection: rwSection === undefined ? undefined : new Uint8Array(this.#map(rwSection, geometry.rwBytes, true)),
      outputSection: output === undefined ? undefined : new Uint8Array(this.#map(output, geometry.outputBytes, true)),
      inputSections: inputs.map((input) => new Uint8Array(this.#map(input, geometry.outputBytes, false))),
      buffers: this.#buffers,
    };
  }

  unmap(): void {
    for (const buffer of this.#buffers) unmapMemory(buffer);
    if (this.#registers !== undefined) unmapRegisters(this.#registers);
  }

  #map(descriptor: Descriptor, sizeBytes: number, writable: boolean): ArrayBuffer {
    const buffer = mapMemory(descriptor, { sizeBytes, writable });
    this.#buffers.push(buffer);
    return buffer;
  }
}

function eventfdsOf({ geometry }: Welcome, descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return descriptors.slice(3, 3 + geometry.peers);
}

function requireCount(geometry: DeviceGeometry, { descriptorCount }: Welcome, found: readonly Descriptor[]): void {
  const { peers, rwBytes, outputBytes } = geometry;
  const wanted = 3 + peers + (rwBytes > 0 ? 1 : 0) + (outputBytes > 0 ? peers + 1 : 0);
  if (found.length !== wanted || descriptorCount !== wanted) {
    throw new IntercellError(ErrorCode.PROTOCOL, `${found.length} descriptors came with a device that has ${wanted}`);
  }
}

function stopped(machine: string, peer: number, reason: StopReason): IntercellError {
  const how = reason === StopReason.CRASHED ? "crashed" : "was shut down";
  return new IntercellError(
    ErrorCode.CLOSED,
    `Cell ${peer} of the simulated machine ${machine} ${how}; open its device again once it may run`,
  );
}

function fromEnvironment(variable: string, option: string): string {
  const value = process.env[variable];
  if (value !== undefined && value !== "") return value;
  throw new TypeError(`openSim() needs the option ${option}, as the environment has no ${variable}`);
}

function peerOfEnvironment(): number {
  const text = fromEnvironment(MachineEnvironment.PEER, "peer");
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const wanted = "wanted a peer id, such as 1";
  throw new TypeError(`The environment's ${MachineEnvironment.PEER}: ${wanted}, found ${JSON.stringify(text)}`);
}

function requireIndex(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0x7fffffff) return value;
  throw new RangeError(`The option ${name} is a non-negative integer, not ${value}`);
}
