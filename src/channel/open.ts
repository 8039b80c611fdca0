import { requireMembers } from "../errors.js";
import { assembleChannel } from "./assembly.js";
import { Channel } from "./channel.js";
import type { Link } from "./link.js";
import { type ChannelOptions, checkChannelOptions } from "./options.js";
import type { Protocol, ProtocolDefinition } from "./protocol.js";

/**
 * Opens a channel on a link. Messages flow once the peer has opened one of the same name and protocol; see
 * {@link Channel.ready}. Closes with the link.
 *
 * @throws TypeError or RangeError if the options are wrong.
 * @throws IntercellError `ERR_IN_USE` if the link has a channel of this name, `ERR_TOO_LARGE` if a message of
 * fixed size does not fit a record of the link, `ERR_FULL` if there are too many channels or its topics do not fit, `ERR_CLOSED`.
 */
export function openChannel<const D extends ProtocolDefinition>(
  link: Link,
  protocol: Protocol<D>,
  options: ChannelOptions = {},
): Channel<D> {
  requireMembers("openChannel", "a link, such as node.link(1)", link, ["attach", "poll", "events"]);
  requireMembers("openChannel", "what defineProtocol() makes", protocol, ["typeHash", "messages", "requests"]);
  const checked = checkChannelOptions(options, protocol.name);
  return new Channel(link, protocol, assembleChannel(link, protocol, checked));
}
