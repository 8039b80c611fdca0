import { ErrorCode, IntercellError, isIntercellError, systemError } from "../errors.js";
import {
  type Descriptor,
  mapMemory,
  mapRegisters,
  type Registers,
  readRegister,
  unmapMemory,
  unmapRegisters,
} from "../native.js";
import type { UioDescription } from "./description.js";
import { requirePeers, type UioGeometry } from "./geometry.js";
import type { DeviceParts } from "./mapped-device.js";
import { Register } from "./registers.js";
import type { UioMap } from "./uio-map.js";

/** The part of {@link DeviceParts} that lies in the memory of a UIO device. */
export type MappedParts = Pick<
  DeviceParts,
  "id" | "maxPeers" | "registers" | "stateTable" | "rwSection" | "outputSection" | "inputSections" | "buffers"
>;

/**
 * Maps a device that is open for reading and writing, and takes its identity from the registers.
 *
 * @throws IntercellError the errno of mmap(2), or `ERR_CONFIG` if the registers contradict sysfs. Nothing stays mapped.
 */
export function mapUio(
  descriptor: Descriptor,
  description: UioDescription,
  geometry: UioGeometry,
  pageSizeBytes: number,
): MappedParts {
  const buffers: ArrayBuffer[] = [];
  let registers: Registers | undefined;
  const map = (region: UioMap, writable: boolean): Uint8Array => {
    const place = { sizeBytes: region.sizeBytes, offsetBytes: region.index * pageSizeBytes };
    const buffer = mapping(description, region, () => mapMemory(descriptor, { ...place, writable }));
    buffers.push(buffer);
    return new Uint8Array(buffer);
  };
  try {
    const { sizeBytes, index } = geometry.registers;
    registers = mapping(description, geometry.registers, () =>
      mapRegisters(descriptor, { sizeBytes, offsetBytes: index * pageSizeBytes }),
    );
    const { id, maxPeers } = readIdentity(registers, description, geometry);
    const stateTable = new Uint32Array(map(geometry.stateTable, false).buffer, 0, maxPeers);
    const { rwSection, outputs } = geometry;
    const inputs = outputs === undefined ? undefined : map(outputs.inputSections, false);
    const outputBytes = outputs?.outputSection.sizeBytes ?? 0;
    return {
      id,
      maxPeers,
      registers,
      stateTable,
      rwSection: rwSection === undefined ? undefined : map(rwSection, true),
      outputSection: outputs === undefined ? undefined : map(outputs.outputSection, true),
      inputSections:
        inputs === undefined
          ? []
          : Array.from({ length: maxPeers }, (_, peer) =>
              inputs.subarray(peer * outputBytes, (peer + 1) * outputBytes),
            ),
      buffers,
    };
  } catch (error) {
    for (const buffer of buffers) unmapMemory(buffer);
    if (registers !== undefined) unmapRegisters(registers);
    throw error;
  }
}

/** Unmaps what {@link mapUio} mapped, if no device was made of it. */
export function unmapUio({ buffers, registers }: MappedParts): void {
  for (const buffer of buffers) unmapMemory(buffer);
  unmapRegisters(registers);
}

/** Own id and number of peers as the registers have them, which must be what sysfs tells. */
function readIdentity(
  registers: Registers,
  description: UioDescription,
  geometry: UioGeometry,
): { readonly id: number; readonly maxPeers: number } {
  const id = readRegister(registers, Register.ID);
  const maxPeers = readRegister(registers, Register.MAX_PEERS);
  const { path, name } = description;
  if (maxPeers !== (description.maxPeers ?? maxPeers) || id !== (description.id ?? id) || id >= maxPeers) {
    const wanted =
      description.maxPeers === undefined
        ? "an id below the number of peers"
        : `peer ${description.id} of ${description.maxPeers} by the sizes and addresses in sysfs`;
    throw new IntercellError(
      ErrorCode.CONFIG,
      `The registers of ${name} (${path}) say peer ${id} of ${maxPeers}, but wanted is ${wanted}. Give the device the ` +
        "same shmem_peers, and regions of the same addresses and sizes, in the configuration of each cell.",
      { path },
    );
  }
  requirePeers(description, geometry.stateTable, maxPeers);
  return { id, maxPeers };
}

/** Names the map in the error of a call that maps it. */
function mapping<T>({ path }: UioDescription, region: UioMap, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (!isIntercellError(cause) || cause.errno === undefined) throw cause;
    throw systemError({
      errno: cause.errno,
      syscall: "mmap",
      path,
      wanted: `map ${region.name} (map ${region.index}, ${region.sizeBytes} bytes)`,
      advice: "Look into dmesg for what uio_ivshmem says of the device.",
      cause,
    });
  }
}
