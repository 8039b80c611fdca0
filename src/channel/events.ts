import type { IntercellError } from "../errors.js";
import type { LinkDown } from "./link.js";

/**
 * - `connecting`: the peer is absent, or has not announced the channel
 * - `open`: messages flow
 * - `mismatched`: the peer's channel of this name has another protocol
 * - `closed`: this side closed the channel or the link
 */
export type ChannelStatus = "connecting" | "open" | "mismatched" | "closed";

/** What happens to a channel; what arrives on it is elsewhere. */
export type ChannelEvents = {
  /** Both sides are there: messages flow. */
  open: () => void;
  /** Messages flow no longer; `open` follows if the peer comes back. */
  lost: (down: LinkDown) => void;
  /** The peer's channel of this name has another protocol. `ERR_TYPE_MISMATCH`. */
  mismatch: (error: IntercellError) => void;
  /** Something arrived that could not be used, or a handler of this side failed; the channel goes on. */
  error: (error: IntercellError) => void;
  close: () => void;
};

/** The names of {@link ChannelEvents}. */
export const channelEventNames: readonly (keyof ChannelEvents)[] = ["open", "lost", "mismatch", "error", "close"];
