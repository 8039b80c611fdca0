import { ErrorCode, IntercellError } from "../errors.js";

/** What a peer wrote that the protocol of ivshmem-net does not allow. */
export function violation(found: string): IntercellError {
  return new IntercellError(
    ErrorCode.PROTOCOL,
    `The peer's ivshmem-net ring is broken: ${found}. The link was reset; look which driver the other cell runs.`,
  );
}
