import { join } from "node:path";
import { ErrorCode, IntercellError } from "../errors.js";
import { readAttribute, readNames, readNumber } from "./sysfs.js";

/** Names of the maps of uio_ivshmem. Their indexes shift, as a map whose size is 0 is left out. */
export const MapName = {
  REGISTERS: "registers",
  STATE_TABLE: "state_table",
  RW_SECTION: "rw_section",
  INPUT_SECTIONS: "input_sections",
  OUTPUT_SECTION: "output_section",
} as const;

export type MapName = (typeof MapName)[keyof typeof MapName];

/** One range of memory that a UIO device offers to be mapped. */
export interface UioMap {
  /** M of `maps/mapM`; the offset to map it at is M times the page size (Linux, Documentation/driver-api/uio-howto). */
  readonly index: number;
  readonly name: string;
  /** Physical address in bytes. */
  readonly address: number;
  readonly sizeBytes: number;
  /** Where it begins in its first page. */
  readonly offsetBytes: number;
}

/**
 * Reads the maps of a UIO device, by index.
 *
 * @throws IntercellError `ERR_CONFIG` if a file of a map is missing or is no number.
 */
export function readMaps(uioDirectory: string): readonly UioMap[] {
  const maps = join(uioDirectory, "maps");
  return readNames(maps).flatMap((folder) => {
    const [, index] = /^map(\d+)$/.exec(folder) ?? [];
    return index === undefined ? [] : [readMap(join(maps, folder), Number(index))];
  });
}

function readMap(path: string, index: number): UioMap {
  const name = readAttribute(join(path, "name"));
  const address = readNumber(join(path, "addr"));
  const sizeBytes = readNumber(join(path, "size"));
  const offsetBytes = readNumber(join(path, "offset"));
  if (name === undefined || address === undefined || sizeBytes === undefined || offsetBytes === undefined) {
    throw new IntercellError(
      ErrorCode.CONFIG,
      `Map ${index} lacks one of name, addr, size and offset, or one is no number: ${path}`,
      { path },
    );
  }
  return { index, name, address, sizeBytes, offsetBytes };
}
