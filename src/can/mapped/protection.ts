import { requireKnownKeys } from "../../errors.js";
import { crc8H2f, crc8J1850 } from "./crc8.js";

/** What guards a message from end to end: a counter, a checksum, or both. Made by the functions of this file. */
export interface Protection {
  /** Values of the counter, which begins at 0; 0 if there is none. */
  readonly counterValues: number;
  /** Bytes that a message has at least. */
  readonly leastBytes: number;
  /** Writes counter and checksum into a message. */
  protect(data: Uint8Array, counter: number): void;
  /** The counter of a message, 0 if there is none; undefined if its checksum is wrong. */
  check(data: Uint8Array): number | undefined;
}

export interface Profile1Options {
  /** 16 bits that both sides know, and that differ between messages. */
  readonly dataId: number;
  /** Which bytes of it are in the checksum. @defaultValue "both" */
  readonly dataIdMode?: "both" | "low";
}

export interface J1850Options {
  /** Byte of the checksum, from 0. */
  readonly checksumByte: number;
  /** Byte whose low four bits count from 0 to 15. @defaultValue no counter */
  readonly counterByte?: number;
}

/**
 * AUTOSAR E2E profile 1: CRC-8 SAE J1850 of data id and message in byte 0, a counter from 0 to 14 in the low
 * half of byte 1. Those bits of the layout are overwritten.
 *
 * Source: AUTOSAR, Specification of SW-C End-to-End Communication Protection Library, E2E Profile 1.
 */
export function autosarProfile1(options: Profile1Options): Protection {
  requireKnownKeys("autosarProfile1", options, ["dataId", "dataIdMode"]);
  const { dataId, dataIdMode = "both" } = options;
  requireInteger("dataId", dataId, 0xffff);
  if (dataIdMode !== "both" && dataIdMode !== "low") {
    throw new TypeError(`The option dataIdMode is "both" or "low", not ${String(dataIdMode)}`);
  }
  const id = dataIdMode === "both" ? Uint8Array.of(dataId & 0xff, dataId >>> 8) : Uint8Array.of(dataId & 0xff);
  // The profile begins and ends with the value that undoes the inversions of the CRC library.
  const start = crc8J1850.update(0, id);
  return withCounter(15, 1, 0, (data) => crc8J1850.update(start, data.subarray(1)));
}

/**
 * AUTOSAR E2E profile 2: CRC8H2F of the message and the data id that the counter chooses in byte 0, a counter from 0 to 15 in
 * the low half of byte 1. Those bits of the layout are overwritten.
 *
 * @param dataIds 16 bytes that both sides know.
 */
export function autosarProfile2(dataIds: readonly number[]): Protection {
  if (dataIds.length !== 16) throw new RangeError(`Profile 2 has 16 data ids, not ${dataIds.length}`);
  for (const id of dataIds) requireInteger("A data id", id, 0xff);
  const ids = Uint8Array.from(dataIds);
  return withCounter(16, 1, 0, (data) => {
    const counter = (data[1] as number) & 0xf;
    const register = crc8H2f.update(crc8H2f.update(0xff, data.subarray(1)), ids.subarray(counter, counter + 1));
    return register ^ 0xff;
  });
}

/** CRC-8 SAE J1850 (initial value and final inversion 0xFF) of all other bytes of the message. */
export function j1850Checksum(options: J1850Options): Protection {
  requireKnownKeys("j1850Checksum", options, ["checksumByte", "counterByte"]);
  const { checksumByte, counterByte } = options;
  requireInteger("checksumByte", checksumByte, 63);
  if (counterByte !== undefined) requireInteger("counterByte", counterByte, 63);
  if (checksumByte === counterByte) throw new RangeError("Counter and checksum cannot have one byte for both");
  return withCounter(counterByte === undefined ? 0 : 16, counterByte ?? 0, checksumByte, (data) => {
    const before = crc8J1850.update(0xff, data.subarray(0, checksumByte));
    return crc8J1850.update(before, data.subarray(checksumByte + 1)) ^ 0xff;
  });
}

function withCounter(
  counterValues: number,
  counterByte: number,
  checksumByte: number,
  checksumOf: (data: Uint8Array) => number,
): Protection {
  const counted = counterValues > 0;
  return {
    counterValues,
    leastBytes: Math.max(checksumByte, counted ? counterByte : 0) + 1,
    protect: (data, counter) => {
      if (counted) data[counterByte] = ((data[counterByte] as number) & 0xf0) | counter;
      data[checksumByte] = checksumOf(data);
    },
    check: (data) => {
      if (data[checksumByte] !== checksumOf(data)) return undefined;
      const counter = counted ? (data[counterByte] as number) & 0xf : 0;
      return counter < Math.max(1, counterValues) ? counter : undefined;
    },
  };
}

function requireInteger(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(`${name} of a protection is an integer from 0 to ${most}, not ${String(value)}`);
}
