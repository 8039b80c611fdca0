import { requireKnownKeys } from "../errors.js";
import { addon, checked } from "./addon.js";
import type { Descriptor, MapMemoryOptions } from "./types.js";

interface Addon {
  createMemfd(name: string, sizeBytes: number): number;
  mapMemory(fd: Descriptor, sizeBytes: number, offsetBytes: number, writable: boolean): ArrayBuffer | number;
  unmapMemory(buffer: ArrayBuffer): number;
}

/** Makes zeroed shared memory of a fixed size: sealed against shrinking and growing, so that no store to it can SIGBUS. */
export function createMemfd(name: string, sizeBytes: number): Descriptor {
  const result = addon<Addon>().createMemfd(name, sizeBytes);
  return checked(result, { syscall: "memfd_create", path: name, wanted: `make ${sizeBytes} bytes of shared memory` });
}

/**
 * Maps shared memory. The mapping goes with {@link unmapMemory}, with the thread, or, if forgotten, with the garbage
 * collector.
 *
 * A store through a mapping that is not writable kills the process with SIGSEGV: do not hand it out.
 *
 * @throws IntercellError such as `EACCES` for a writable mapping of a read-only descriptor, or `ENXIO` for a range
 * beyond the end of a file.
 */
export function mapMemory(fd: Descriptor, options: MapMemoryOptions): ArrayBuffer {
  requireKnownKeys("mapMemory", options, ["sizeBytes", "offsetBytes", "writable"]);
  const { sizeBytes, offsetBytes = 0, writable = false } = options;
  const result = addon<Addon>().mapMemory(fd, sizeBytes, offsetBytes, writable);
  const wanted = `map ${sizeBytes} bytes at offset ${offsetBytes} ${writable ? "for writing" : "for reading"}`;
  return checked(result, { syscall: "mmap", path: `descriptor ${fd}`, wanted });
}

/**
 * Detaches the buffer, whose `byteLength` and that of its views becomes 0, and then unmaps the memory. Does nothing if
 * the buffer is already detached.
 *
 * @throws TypeError if the buffer does not come from {@link mapMemory} of this thread.
 */
export function unmapMemory(buffer: ArrayBuffer): void {
  checked(addon<Addon>().unmapMemory(buffer), { syscall: "munmap", wanted: "unmap memory" });
}
