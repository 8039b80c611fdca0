export type { Channel, ChannelOf, MessageEvents } from "./channel.js";
export type { ChannelEvents, ChannelStatus } from "./events.js";
export type { BytesListener, MessageInfo, RawListener, RunListener, ViewListener } from "./inbox.js";
export type {
  Link,
  LinkDown,
  LinkDownReason,
  LinkEvents,
  LinkStatistics,
  LinkStatus,
  LinkUp,
  Port,
  PortAnnouncement,
  PortHandler,
  PortOptions,
  PortRecordKind,
} from "./link.js";
export { NO_ROOM, RecordKind } from "./link.js";
export { waitForLink } from "./link-ready.js";
export { openChannel } from "./open.js";
export type { ChannelOptions } from "./options.js";
export type {
  BroadcastValues,
  HeardValues,
  MessageTypes,
  MessageValues,
  Protocol,
  ProtocolDefinition,
  ProtocolEntry,
  ProtocolRequest,
  ReplyValues,
  RequestTypes,
  RequestValues,
  TopicValues,
} from "./protocol.js";
export { defineProtocol } from "./protocol.js";
export type { Overflow, ReceiveOptions, Receiver } from "./receiver.js";
export { RemoteCode, type RemoteFault } from "./reply.js";
export type { RequestOptions } from "./requester.js";
export type { RequestContext, RequestHandler } from "./responder.js";
export type { Sender } from "./sender.js";
export type { ChannelStatistics } from "./statistics.js";
export type { Latest } from "./topics.js";
export type { WaitOptions } from "./wait.js";
