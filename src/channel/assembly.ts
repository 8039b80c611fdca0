import type { EventMap, TypedEmitter } from "../emitter.js";
import type { IntercellError } from "../errors.js";
import { Broadcaster } from "./broadcaster.js";
import { Dispatcher } from "./dispatcher.js";
import { Drain } from "./drain.js";
import { createEmitter } from "./emitter.js";
import { Encoder, tooLarge } from "./encoder.js";
import { Inbox, type InboxHooks } from "./inbox.js";
import { Lifecycle } from "./lifecycle.js";
import { type Link, type Port, type PortAnnouncement, type PortHandler, RecordKind } from "./link.js";
import type { CheckedChannelOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import type { Protocol } from "./protocol.js";
import { REPLY_HEADER_BYTES } from "./reply.js";
import { Requester } from "./requester.js";
import { Responder } from "./responder.js";
import { MessageSender, type Sender } from "./sender.js";
import { type ChannelCounters, createCounters } from "./statistics.js";
import { Topics } from "./topics.js";

/** The parts of one channel, put together. */
export interface ChannelParts {
  readonly name: string;
  /** Names the channel and the peer in messages. */
  readonly label: string;
  readonly port: Port;
  readonly counters: ChannelCounters;
  readonly lifecycle: Lifecycle;
  readonly dispatcher: Dispatcher;
  readonly outbox: Outbox;
  readonly senders: ReadonlyMap<string, Sender<unknown>>;
  readonly messages: TypedEmitter<EventMap>;
  readonly inboxes: ReadonlyMap<string, Inbox<unknown>>;
  readonly requester: Requester;
  readonly responder: Responder;
  readonly topics: Topics;
  readonly broadcaster: Broadcaster;
  readonly drain: Drain;
  /** Lets the link go on that this channel made wait. */
  resume(): void;
  close(): void;
}

/**
 * Attaches a channel to a link.
 *
 * @throws IntercellError `ERR_TOO_LARGE` if the link cannot carry all types of the protocol, and what the link throws.
 */
export function assembleChannel(link: Link, protocol: Protocol, options: CheckedChannelOptions): ChannelParts {
  const { name } = options;
  const label = `channel ${JSON.stringify(name)} to ${link.name}`;
  const dispatcher = new Dispatcher();
  const lifecycle = new Lifecycle(label, () => describeLink(link, port));
  const announcement = { name, protocolName: protocol.name, typeHash: protocol.typeHash };
  const port = attach(link, protocol, announcement, dispatcher);
  const counters = createCounters();
  const report = (error: IntercellError): void => lifecycle.report(error);
  const resume = (): void => {
    if (dispatcher.release()) port.resume();
  };
  const hooks = { counters, label, report };
  const outbox = new Outbox(port, options.maxWaitingSends, label);
  const requester = new Requester(outbox, protocol.requests, options.maxPendingRequests, {
    counters,
    label,
    describeState: () => describeState(link, port, dispatcher),
  });
  const responder = new Responder(outbox, protocol.requests, options.maxConcurrentRequests, hooks);
  const inboxHooks: InboxHooks = {
    ...{ counters, report, resume, holding: options.holdUntilListened, closed: false },
    info: { sequence: 0, missed: 0, lengthBytes: 0 },
  };
  const inboxes = createInboxes(protocol, inboxHooks);
  const drain = new Drain(port, outbox, label);
  let closing = false;
  const close = (): void => {
    // Not the lifecycle's word, as a handler that is told through its signal may close the channel, too.
    if (closing) return;
    closing = true;
    inboxHooks.closed = true;
    const error = lifecycle.closedError();
    resume();
    port.close();
    outbox.stop(error, true);
    requester.stop(error);
    responder.sessionEnded(error);
    drain.fail(error);
    for (const inbox of inboxes.values()) inbox.end();
    lifecycle.close(error);
  };
  dispatcher.connect({
    ...{ label, announcement, counters, lifecycle, outbox, requester, responder, close },
    inboxes: [...inboxes.values()],
    sessionEnded: (error) => drain.fail(error),
  });
  return {
    ...{
      name,
      label,
      port,
      counters,
      lifecycle,
      dispatcher,
      outbox,
      inboxes,
      requester,
      responder,
      drain,
      resume,
      close,
    },
    senders: createSenders(protocol, outbox, counters),
    messages: createMessages(label, inboxes),
    topics: new Topics(port, protocol.topics, hooks),
    broadcaster: new Broadcaster(port, protocol.broadcasts, counters, label),
  };
}

function attach(link: Link, protocol: Protocol, announcement: PortAnnouncement, handler: PortHandler): Port {
  const topicSizes = protocol.topics.map((topic) => topic.type.size);
  const port = link.attach({ ...announcement, topicSizes, handler });
  try {
    requireCarried(protocol, port);
  } catch (error) {
    port.close();
    throw error;
  }
  return port;
}

/**
 * Finds at the start what could never be sent. A type that can be truncated is only held against its shortest message.
 */
function requireCarried(protocol: Protocol, port: Port): void {
  const require = (what: string, bytes: number): void => {
    if (bytes > port.maxPayload) throw tooLarge(`${what} of protocol ${protocol.name}`, bytes, port);
  };
  for (const { name, type } of protocol.messages) require(`message "${name}"`, type.minSize);
  for (const { name, request, reply } of protocol.requests) {
    require(`request "${name}"`, request.minSize);
    require(`the reply to request "${name}"`, REPLY_HEADER_BYTES + reply.minSize);
  }
}

function createSenders(protocol: Protocol, outbox: Outbox, counters: ChannelCounters): Map<string, Sender<unknown>> {
  return new Map(
    protocol.messages.map(({ name, number, type }) => {
      const encoder = new Encoder(outbox, RecordKind.data, number, type.codec, `message "${name}"`);
      return [name, new MessageSender(name, encoder, type.codec, outbox, counters)];
    }),
  );
}

/** In the order of their numbers, messages first. */
function createInboxes(protocol: Protocol, hooks: InboxHooks): Map<string, Inbox<unknown>> {
  const inboxes = new Map<string, Inbox<unknown>>();
  for (const { name, type } of protocol.messages) {
    inboxes.set(name, new Inbox(name, `message "${name}"`, type.codec, true, hooks));
  }
  for (const { name, type } of protocol.broadcasts) {
    inboxes.set(name, new Inbox(name, `broadcast "${name}"`, type.codec, false, hooks));
  }
  return inboxes;
}

function createMessages(label: string, inboxes: ReadonlyMap<string, Inbox<unknown>>): TypedEmitter<EventMap> {
  return createEmitter(`the messages of ${label}`, [...inboxes.keys()], (event, listeners) => {
    inboxes.get(event)?.setListeners(listeners);
  });
}

function describeLink(link: Link, port: Port): string {
  const { status } = link;
  // A link that is away or stalled has its session still, of which nothing is missing.
  const reason = status === "connecting" || status === "refused" ? link.explain?.() : undefined;
  if (status !== "up") return `the link is ${status}${reason === undefined ? "" : ` (${reason})`}`;
  return port.open ? "the channel is open" : "the link is up and the peer has not announced this channel";
}

function describeState(link: Link, port: Port, dispatcher: Dispatcher): string {
  const obstacle = dispatcher.obstacle;
  const held = obstacle === undefined ? "" : `, but nothing more is read from the peer as ${obstacle}`;
  return describeLink(link, port) + held;
}
