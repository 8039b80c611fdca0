import { ErrorCode, IntercellError, requireKnownKeys } from "../errors.js";
import { addon, checked } from "./addon.js";
import type { Descriptor, MapRegistersOptions, Registers } from "./types.js";

interface Addon {
  mapRegisters(fd: Descriptor, sizeBytes: number, offsetBytes: number): Registers | number;
  readRegister(registers: Registers, offsetBytes: number): number;
  writeRegister(registers: Registers, offsetBytes: number, value: number): number;
  unmapRegisters(registers: Registers): void;
}

/** Maps a device's register page for {@link readRegister} and {@link writeRegister}. */
export function mapRegisters(fd: Descriptor, options: MapRegistersOptions): Registers {
  requireKnownKeys("mapRegisters", options, ["sizeBytes", "offsetBytes"]);
  const { sizeBytes, offsetBytes = 0 } = options;
  const result = addon<Addon>().mapRegisters(fd, sizeBytes, offsetBytes);
  return checked(result, { syscall: "mmap", path: `descriptor ${fd}`, wanted: "map the register page" });
}

/**
 * One aligned 32-bit load from the register page. On a device that has gone (Jailhouse disabled) this is SIGBUS.
 *
 * @throws RangeError if the offset is not a multiple of 4 inside the page; IntercellError `ERR_CLOSED` after
 * {@link unmapRegisters}.
 */
export function readRegister(registers: Registers, offsetBytes: number): number {
  const value = addon<Addon>().readRegister(registers, offsetBytes);
  if (value < 0) throw closedRegisters("read", offsetBytes);
  return value;
}

/** One aligned 32-bit store to the register page; errors as {@link readRegister}, and RangeError if `value` is not a u32. */
export function writeRegister(registers: Registers, offsetBytes: number, value: number): void {
  if (addon<Addon>().writeRegister(registers, offsetBytes, value) < 0) throw closedRegisters("write", offsetBytes);
}

function closedRegisters(verb: string, offsetBytes: number): IntercellError {
  return new IntercellError(
    ErrorCode.CLOSED,
    `Cannot ${verb} register 0x${offsetBytes.toString(16)} as the register page is unmapped. Open the device again.`,
  );
}

/** Unmaps a register page, real or simulated. A poller that re-arms through it keeps polling without the write. */
export function unmapRegisters(registers: Registers): void {
  addon<Addon>().unmapRegisters(registers);
}
