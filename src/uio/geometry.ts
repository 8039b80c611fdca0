import { ErrorCode, IntercellError } from "../errors.js";
import { findMap, type UioDescription } from "./description.js";
import { MAX_PEERS } from "./device.js";
import { Register } from "./registers.js";
import { MapName, type UioMap } from "./uio-map.js";

/** The maps of a device by what they hold, checked against each other. */
export interface UioGeometry {
  readonly registers: UioMap;
  readonly stateTable: UioMap;
  readonly rwSection: UioMap | undefined;
  /** Undefined if the device is configured without outputs. */
  readonly outputs: { readonly inputSections: UioMap; readonly outputSection: UioMap } | undefined;
}

/** Least size of the register page in bytes: up to the end of the last register. */
const REGISTER_BYTES = Register.STATE + 4;

const STATE_BYTES = 4;

/**
 * Checks that a device can be mapped and is what the ivshmem v2 specification says.
 *
 * @throws IntercellError `ERR_CONFIG` if a map is missing, too small, not on a page boundary or contradicts another.
 */
export function checkGeometry(description: UioDescription, pageSizeBytes: number): UioGeometry {
  const registers = requireMap(description, MapName.REGISTERS);
  const stateTable = requireMap(description, MapName.STATE_TABLE);
  const rwSection = findMap(description, MapName.RW_SECTION);
  const geometry = { registers, stateTable, rwSection, outputs: outputsOf(description) };
  for (const map of description.maps) requireAligned(description, map, pageSizeBytes);
  if (registers.sizeBytes < REGISTER_BYTES) throw tooSmall(description, registers, REGISTER_BYTES, "five registers");
  const { maxPeers } = description;
  if (maxPeers !== undefined) requirePeers(description, stateTable, maxPeers);
  return geometry;
}

/**
 * Checks a number of peers against the limits of Jailhouse and the size of the state table.
 *
 * @throws IntercellError `ERR_CONFIG`
 */
export function requirePeers(description: UioDescription, stateTable: UioMap, maxPeers: number): void {
  if (maxPeers < 2 || maxPeers > MAX_PEERS) {
    throw fault(
      description,
      `${maxPeers} peers, where 2 to ${MAX_PEERS} are possible. Correct shmem_peers and the sizes of the output ` +
        "sections in the cell configurations.",
    );
  }
  const wantedBytes = maxPeers * STATE_BYTES;
  if (stateTable.sizeBytes < wantedBytes) throw tooSmall(description, stateTable, wantedBytes, `${maxPeers} peers`);
}

function outputsOf(description: UioDescription): UioGeometry["outputs"] {
  const inputSections = findMap(description, MapName.INPUT_SECTIONS);
  const outputSection = findMap(description, MapName.OUTPUT_SECTION);
  if (inputSections === undefined && outputSection === undefined) return undefined;
  if (inputSections === undefined) throw missing(description, MapName.INPUT_SECTIONS);
  if (outputSection === undefined) throw missing(description, MapName.OUTPUT_SECTION);
  if (description.maxPeers === undefined) {
    throw fault(
      description,
      `an output section of ${outputSection.sizeBytes} bytes at ${hex(outputSection.address)} that is not one of the ` +
        `input sections, which have ${inputSections.sizeBytes} bytes at ${hex(inputSections.address)}. Make all output ` +
        "sections of the cell configurations equal in size and consecutive.",
    );
  }
  return { inputSections, outputSection };
}

function requireMap(description: UioDescription, name: MapName): UioMap {
  const map = findMap(description, name);
  if (map === undefined) throw missing(description, name);
  return map;
}

/** UIO maps whole pages, and refuses memory that does not begin on one (Linux, drivers/uio/uio.c). */
function requireAligned(description: UioDescription, map: UioMap, pageSizeBytes: number): void {
  if (map.address % pageSizeBytes === 0 && map.offsetBytes === 0) return;
  throw fault(
    description,
    `${map.name} at ${hex(map.address + map.offsetBytes)}, but the kernel maps pages of ${pageSizeBytes} bytes. Align ` +
      "the memory regions of the cell configurations to that, or boot a kernel with smaller pages.",
  );
}

function missing(description: UioDescription, name: MapName): IntercellError {
  const found = description.maps.map((map) => map.name).join(", ") || "none";
  return fault(
    description,
    `no map ${name}; its maps are: ${found}. Load the uio_ivshmem driver that belongs to the running Jailhouse.`,
  );
}

function tooSmall(description: UioDescription, map: UioMap, wantedBytes: number, what: string): IntercellError {
  return fault(
    description,
    `a map ${map.name} of ${map.sizeBytes} bytes, but ${what} need ${wantedBytes}. Enlarge its memory region in the ` +
      "cell configurations.",
  );
}

function fault({ name, path }: UioDescription, found: string): IntercellError {
  return new IntercellError(ErrorCode.CONFIG, `Cannot use ${name} (${path}) as it has ${found}`, { path });
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
