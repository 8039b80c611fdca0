import { type IntercellError, systemError } from "../errors.js";
import { AttributeSet, malformed, viewOf } from "./attribute.js";
import { MESSAGE_HEADER_BYTES, type NetlinkMessage } from "./message.js";
import { NetlinkFlag } from "./numbers.js";

/** Attributes of an acknowledgement (linux/netlink.h, NLMSGERR_ATTR_*). */
const REASON = 1;
const ERROR_BYTES = 4;

/** What a request is for, in words for the message of the error if it fails. */
export interface RequestPurpose {
  /** So that "Cannot " can stand before it: `"set the MTU of eth0"`. */
  readonly wanted: string;
  /** Name of the request, such as `"RTM_NEWLINK"`. */
  readonly call: string;
  /** The interface concerned. */
  readonly path?: string | undefined;
  /** What to do about a certain errno, by its number, as a sentence. */
  readonly advice?: Readonly<Record<number, string>> | undefined;
}

/** The error in an acknowledgement or at the end of a dump, with the kernel's own reason if it gave one; undefined for 0. */
export function netlinkFault(message: NetlinkMessage, purpose: RequestPurpose): IntercellError | undefined {
  if (message.payload.length < ERROR_BYTES) throw malformed("an acknowledgement without a result");
  const errno = -viewOf(message.payload).getInt32(0, true);
  if (errno === 0) return undefined;
  const { wanted, call, path } = purpose;
  const reason = readReason(message);
  const advice = [reason === undefined ? undefined : `The kernel says: ${reason}.`, purpose.advice?.[errno]];
  const given = advice.filter((text) => text !== undefined);
  return systemError({
    errno,
    syscall: call,
    wanted,
    path,
    advice: given.length === 0 ? undefined : given.join(" "),
  });
}

function readReason({ flags, payload }: NetlinkMessage): string | undefined {
  if ((flags & NetlinkFlag.ACK_TLVS) === 0) return undefined;
  const repeated =
    (flags & NetlinkFlag.CAPPED) === 0 && payload.length >= ERROR_BYTES + MESSAGE_HEADER_BYTES
      ? viewOf(payload).getUint32(ERROR_BYTES, true)
      : MESSAGE_HEADER_BYTES;
  const reason = new AttributeSet(payload.subarray(ERROR_BYTES + repeated)).text(REASON);
  return reason?.trim().replace(/\.$/, "");
}
