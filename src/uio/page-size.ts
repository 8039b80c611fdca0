import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ErrorCode, IntercellError } from "../errors.js";

/** The key of the page size in the auxiliary vector (Linux, include/uapi/linux/auxvec.h). */
const AT_PAGESZ = 6n;

/**
 * The size of a page of the running kernel in bytes: 4096 as a rule, 16 or 64 KiB on some arm64 kernels.
 *
 * @throws IntercellError `ERR_CONFIG` if the auxiliary vector of this process cannot be read.
 */
export function readPageSize(procRoot = "/proc"): number {
  const path = join(procRoot, "self/auxv");
  let words: BigUint64Array;
  try {
    const bytes = readFileSync(path);
    words = new BigUint64Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 8));
  } catch (cause) {
    throw new IntercellError(ErrorCode.CONFIG, `Cannot read the page size of the kernel: ${path}. Mount /proc.`, {
      path,
      cause,
    });
  }
  for (let at = 0; at + 1 < words.length; at += 2) {
    if (words[at] === AT_PAGESZ) return Number(words[at + 1]);
  }
  throw new IntercellError(ErrorCode.CONFIG, `The auxiliary vector has no page size: ${path}`, { path });
}
