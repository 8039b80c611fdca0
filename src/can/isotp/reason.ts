import { IntercellError } from "../../errors.js";

/**
 * Why a transfer ended without success, as code of an {@link IntercellError}: `ERR_ISOTP_` and the result of ISO 15765-2
 * without its `N_`.
 */
export const IsoTpReason = {
  /** A frame of this side was not on the bus in time. */
  TIMEOUT_A: "ERR_ISOTP_TIMEOUT_A",
  /** The receiver sent no FlowControl in time. */
  TIMEOUT_BS: "ERR_ISOTP_TIMEOUT_BS",
  /** The sender sent no ConsecutiveFrame in time. */
  TIMEOUT_CR: "ERR_ISOTP_TIMEOUT_CR",
  /** A ConsecutiveFrame is missing, came twice or out of order. */
  WRONG_SN: "ERR_ISOTP_WRONG_SN",
  /** The receiver sent a FlowControl with a status that does not exist. */
  INVALID_FS: "ERR_ISOTP_INVALID_FS",
  /** The sender began another PDU before the end of this one. */
  UNEXP_PDU: "ERR_ISOTP_UNEXP_PDU",
  /** Too many FlowControls in a row asked to wait. */
  WFT_OVRN: "ERR_ISOTP_WFT_OVRN",
  /** The PDU is larger than the receiver takes. */
  BUFFER_OVFLW: "ERR_ISOTP_BUFFER_OVFLW",
  /** Any other: the bus refused a frame, or a frame breaks the format. */
  ERROR: "ERR_ISOTP_ERROR",
} as const;

export type IsoTpReason = (typeof IsoTpReason)[keyof typeof IsoTpReason];

const found: Readonly<Record<IsoTpReason, string>> = {
  ERR_ISOTP_TIMEOUT_A: "a frame of this side was not on the bus in time; is the bus up, and is anybody there?",
  ERR_ISOTP_TIMEOUT_BS: "no FlowControl came in time; is the receiver there, and do its ids match?",
  ERR_ISOTP_TIMEOUT_CR: "the sender fell silent before the end",
  ERR_ISOTP_WRONG_SN: "a ConsecutiveFrame is missing or came twice",
  ERR_ISOTP_INVALID_FS: "the receiver sent a FlowControl with a status that does not exist",
  ERR_ISOTP_UNEXP_PDU: "the sender began another PDU before the end of this one",
  ERR_ISOTP_WFT_OVRN: "too many FlowControls in a row asked to wait; is the reader too slow?",
  ERR_ISOTP_BUFFER_OVFLW: "it is larger than the receiver takes (maxPduBytes there)",
  ERR_ISOTP_ERROR: "the bus refused a frame, or one broke the format",
};

/** @param what such as `"send 20 bytes"`. @param where such as `"7E0 on can0"`. */
export function isoTpError(reason: IsoTpReason, what: string, where: string, cause?: unknown): IntercellError {
  const name = `N_${reason.slice("ERR_ISOTP_".length)}`;
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new IntercellError(reason, `Cannot ${what} by ISO-TP on ${where} as ${found[reason]} (${name})${why}`, {
    cause,
  });
}
