/** Why a peer is refused: the numbers of docs/wire-protocol.md, section 7. */
export const FaultCode = {
  cursor: 1,
  length: 2,
  kind: 3,
  sequence: 4,
  reserved: 5,
  announce: 6,
  geometry: 7,
  acknowledgement: 8,
  version: 9,
} as const;
export type FaultCode = (typeof FaultCode)[keyof typeof FaultCode];

/**
 * A peer broke the wire protocol. Thrown by the readers of a peer's memory and caught by the link, which closes the
 * session and reports it; applications see an IntercellError `ERR_PROTOCOL`.
 */
export class Fault extends Error {
  readonly faultCode: FaultCode;

  constructor(faultCode: FaultCode, message: string) {
    super(message);
    this.name = "Fault";
    this.faultCode = faultCode;
  }
}

/** Name of a fault word that a peer wrote; unknown values included. */
export function faultName(code: number): string {
  for (const [name, value] of Object.entries(FaultCode)) {
    if (value === code) {
      return name;
    }
  }
  return `fault ${code}`;
}
