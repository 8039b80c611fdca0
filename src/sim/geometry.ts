import { requireKnownKeys } from "../errors.js";
import { MAX_PEERS, MAX_VECTORS } from "../uio/device.js";

/** Sections are whole pages, as Jailhouse wants them. */
export const PAGE_BYTES = 0x1000;

const MAX_SECTION_BYTES = 0x4000_0000;

/** One ivshmem device of a simulated machine. The defaults are the demo link of Jailhouse's Raspberry Pi 4 config. */
export interface SimDeviceOptions {
  /** Protocol id of the PCI class word, 0 to 0xffff. @defaultValue 0 */
  readonly protocol?: number;
  /** Number of peers, 2 to 12. @defaultValue 3 */
  readonly peers?: number;
  /** 0 for INTx, which has one vector, or 1 to 16 for MSI-X. @defaultValue 0 */
  readonly vectors?: number;
  /** A multiple of 0x1000. @defaultValue 0x1000 */
  readonly stateTableBytes?: number;
  /** A multiple of 0x1000; 0 leaves the section out. @defaultValue 0x9000 */
  readonly rwBytes?: number;
  /** Size of each peer's output section, a multiple of 0x1000; 0 leaves them out. @defaultValue 0x2000 */
  readonly outputBytes?: number;
}

/** The checked form of {@link SimDeviceOptions}. */
export type DeviceGeometry = Required<SimDeviceOptions>;

/** One cell of a simulated machine. Cell 0 is the root cell; cell `i` is peer `i` of each device. */
export interface SimCellOptions {
  /** 1 to 31 characters, as Jailhouse's configs have it. */
  readonly name: string;
  /** The CPUs assigned, in sysfs' list form such as `"0,2-3"`. */
  readonly cpus: string;
}

const defaultGeometry: DeviceGeometry = {
  protocol: 0,
  peers: 3,
  vectors: 0,
  stateTableBytes: 0x1000,
  rwBytes: 0x9000,
  outputBytes: 0x2000,
};

/** Protocol id of a virtual Ethernet device (ivshmem v2 specification, "Protocol"). */
const NET_PROTOCOL = 1;

/** The network between two cells, with the regions of `JAILHOUSE_SHMEM_NET_REGIONS` (Jailhouse, cell-config.h). */
export const netDevice: SimDeviceOptions = {
  protocol: NET_PROTOCOL,
  peers: 2,
  vectors: 0,
  stateTableBytes: 0x1000,
  rwBytes: 0,
  outputBytes: 0x7f000,
};

/** The devices of Jailhouse's Raspberry Pi 4 config: the demo link, and the network between the root cell and cell 1. */
export const defaultDevices: readonly SimDeviceOptions[] = [defaultGeometry, netDevice];

/** Which device of a machine: its index, or the first of a protocol, of which `"net"` is 1. */
export type DeviceReference = number | "net" | { readonly protocol: number };

/** Bit of a device's number on the wire that says: the lower 16 bits are not an index but a protocol. */
const BY_PROTOCOL = 0x8000_0000;

/** @throws TypeError or RangeError if it refers to no device. */
export function encodeDevice(reference: DeviceReference): number {
  if (reference === "net") return BY_PROTOCOL + NET_PROTOCOL;
  if (typeof reference === "object" && reference !== null) {
    requireKnownKeys("a device", reference, ["protocol"]);
    requireInteger("protocol", reference.protocol, 0, 0xffff);
    return BY_PROTOCOL + reference.protocol;
  }
  if (typeof reference !== "number") {
    throw new TypeError(`A device is an index, "net" or { protocol }, not ${JSON.stringify(reference)}`);
  }
  requireInteger("index", reference, 0, BY_PROTOCOL - 1);
  return reference;
}

/** The index of the device that a number on the wire stands for; the number itself if there is none. */
export function resolveDevice(encoded: number, devices: readonly DeviceGeometry[]): number {
  if (encoded < BY_PROTOCOL) return encoded;
  const index = devices.findIndex(({ protocol }) => protocol === encoded - BY_PROTOCOL);
  return index < 0 ? encoded : index;
}

/** A device as it was asked for, for messages. */
export function describeDevice(encoded: number): string {
  return encoded < BY_PROTOCOL ? `device ${encoded}` : `device of protocol 0x${(encoded - BY_PROTOCOL).toString(16)}`;
}

/** The cells of the Raspberry Pi 4 with the demo inmate beside the root cell. */
export const defaultCells: readonly SimCellOptions[] = [
  { name: "Raspberry-Pi4", cpus: "0,2-3" },
  { name: "inmate-demo", cpus: "1" },
];

/** Checks the description of a device and fills in the defaults. */
export function deviceGeometry(options: SimDeviceOptions): DeviceGeometry {
  requireKnownKeys("a simulated device", options, Object.keys(defaultGeometry));
  const geometry = { ...defaultGeometry, ...options };
  requireInteger("protocol", geometry.protocol, 0, 0xffff);
  requireInteger("peers", geometry.peers, 2, MAX_PEERS);
  requireInteger("vectors", geometry.vectors, 0, MAX_VECTORS);
  requirePages("stateTableBytes", geometry.stateTableBytes, PAGE_BYTES);
  requirePages("rwBytes", geometry.rwBytes, 0);
  requirePages("outputBytes", geometry.outputBytes, 0);
  return geometry;
}

/** Checks the cells of a machine: names and CPUs are given out once. */
export function checkCells(cells: readonly SimCellOptions[]): readonly SimCellOptions[] {
  if (cells.length === 0) throw new RangeError("A machine has at least one cell, the root cell");
  const names = new Set<string>();
  const taken = new Set<number>();
  for (const cell of cells) {
    requireKnownKeys("a simulated cell", cell, ["name", "cpus"]);
    if (typeof cell.name !== "string" || !/^[\x21-\x7e]{1,31}$/.test(cell.name)) {
      throw new TypeError(`A cell's name has 1 to 31 printable characters, not ${JSON.stringify(cell.name)}`);
    }
    if (names.has(cell.name)) throw new RangeError(`Two cells are named ${cell.name}; a name is given out once`);
    names.add(cell.name);
    for (const cpu of parseCpuList(cell.cpus)) {
      if (taken.has(cpu)) throw new RangeError(`CPU ${cpu} is assigned to two cells, the second being ${cell.name}`);
      taken.add(cpu);
    }
  }
  return cells;
}

/** The CPU numbers of a list such as `"0,2-3"`. */
export function parseCpuList(list: string): readonly number[] {
  if (typeof list !== "string" || !/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/.test(list)) {
    throw new TypeError(`CPUs are a list such as "0,2-3", not ${JSON.stringify(list)}`);
  }
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    if (last < first) throw new RangeError(`The CPU range ${range} ends before it begins`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function requireInteger(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`A simulated device's ${name} is an integer from ${low} to ${high}, not ${value}`);
  }
}

function requirePages(name: string, value: number, low: number): void {
  if (!Number.isInteger(value) || value < low || value > MAX_SECTION_BYTES || value % PAGE_BYTES !== 0) {
    throw new RangeError(
      `A simulated device's ${name} is a multiple of 0x1000 from ${low} to 0x40000000, not ${value}`,
    );
  }
}
