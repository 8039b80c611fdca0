import { constants as fsConstants } from "node:fs";
import { addon, checked } from "./addon.js";
import type { Descriptor } from "./types.js";

interface Addon {
  openDescriptor(path: string, flags: number): number;
  closeDescriptor(fd: Descriptor): number;
  createEventfd(): number;
  writeEventfd(fd: Descriptor): number;
}

/**
 * Opens a file or device, always with `O_CLOEXEC`.
 *
 * @param flags - `O_*` of open(2), as in `fs.constants`.
 * @throws IntercellError with the errno's name as code.
 */
export function openDescriptor(path: string, flags: number): Descriptor {
  return checked(addon<Addon>().openDescriptor(path, flags), { syscall: "open", path, wanted: "open the file" });
}

/**
 * Closes a descriptor.
 *
 * @throws IntercellError `EBADF` if it is not open, `EBUSY` while a {@link Poller} of this thread watches it.
 */
export function closeDescriptor(fd: Descriptor): void {
  checked(addon<Addon>().closeDescriptor(fd), { syscall: "close", wanted: `close descriptor ${fd}` });
}

/**
 * Opens the file behind a descriptor once more, read-only, through `/proc/self/fd`: a writable mapping of the result
 * fails with `EACCES`.
 */
export function reopenReadOnly(fd: Descriptor): Descriptor {
  const path = `/proc/self/fd/${fd}`;
  const result = addon<Addon>().openDescriptor(path, fsConstants.O_RDONLY);
  return checked(result, { syscall: "open", path, wanted: "reopen the descriptor for reading only" });
}

/** Makes an eventfd that does not block. */
export function createEventfd(): Descriptor {
  return checked(addon<Addon>().createEventfd(), { syscall: "eventfd", wanted: "make an eventfd" });
}

/** Adds 1 to an eventfd. Returns 0 or `-errno`: `-EAGAIN` means that the count is full, so a wake-up is pending. */
export function writeEventfd(fd: Descriptor): number {
  return addon<Addon>().writeEventfd(fd);
}
