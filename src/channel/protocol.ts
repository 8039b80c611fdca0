import { requireKnownKeys } from "../errors.js";
import { describeType, hashHex, typeHash } from "../schema/description.js";
import type { Infer } from "../schema/infer.js";
import { requireName } from "../schema/name.js";
import { type AnyType, requireType, type Struct } from "../schema/type.js";
import { EMITTER_NAMES } from "./emitter.js";

/** Named messages, in the order that numbers them. */
export type MessageTypes = { readonly [name: string]: Struct };

/** Named requests, each with the type of its reply, in the order that numbers them. */
export type RequestTypes = { readonly [name: string]: { readonly request: Struct; readonly reply: Struct } };

/** What two sides may say to each other. Each side may send all of it. */
export interface ProtocolDefinition {
  /** Lossless, in order, to one peer. */
  readonly messages?: MessageTypes;
  /** Lossless, each with one reply. */
  readonly requests?: RequestTypes;
  /** The latest value only, read when it is wanted. */
  readonly topics?: MessageTypes;
  /** To all peers at once, never waiting for a slow one, which misses some. */
  readonly broadcasts?: MessageTypes;
}

/** A message, topic or broadcast. `number` stands for it on the wire. */
export interface ProtocolEntry {
  readonly name: string;
  readonly number: number;
  readonly type: Struct;
}

/** A request with its reply. `number` stands for both on the wire. */
export interface ProtocolRequest {
  readonly name: string;
  readonly number: number;
  readonly request: Struct;
  readonly reply: Struct;
}

/** A protocol that was checked and numbered. Made by {@link defineProtocol}. */
export interface Protocol<D extends ProtocolDefinition = ProtocolDefinition> {
  readonly name: string;
  /** Numbered from 0. */
  readonly messages: readonly ProtocolEntry[];
  /** Numbered on from the last message. */
  readonly broadcasts: readonly ProtocolEntry[];
  /** Numbered from 0. */
  readonly requests: readonly ProtocolRequest[];
  /** Numbered from 0. */
  readonly topics: readonly ProtocolEntry[];
  /** The canonical description, in the grammar that {@link defineProtocol} documents. */
  readonly description: string;
  /** 64-bit FNV-1a of `description`. */
  readonly typeHash: bigint;
  /** `typeHash` as 16 hexadecimal digits. */
  readonly typeHashHex: string;
  /** Carries the definition for inference; never present. */
  readonly "~definition"?: D;
}

type Part<D, K extends keyof ProtocolDefinition> = D extends { readonly [P in K]: infer E } ? E : Record<never, never>;
type Values<E> = { readonly [N in keyof E & string]: Infer<E[N]> };

/** Names of the messages, with the types of their values. */
export type MessageValues<D> = Values<Part<D, "messages">>;
/** Names of the broadcasts, with the types of their values. */
export type BroadcastValues<D> = Values<Part<D, "broadcasts">>;
/** Names of the topics, with the types of their values. */
export type TopicValues<D> = Values<Part<D, "topics">>;
/** Names of the requests, with the types of their values. */
export type RequestValues<D> = Values<{
  [N in keyof Part<D, "requests">]: RequestPart<Part<D, "requests">[N], "request">;
}>;
/** Names of the requests, with the types of their replies. */
export type ReplyValues<D> = Values<{ [N in keyof Part<D, "requests">]: RequestPart<Part<D, "requests">[N], "reply"> }>;
/** Names of the messages and broadcasts, with the types of their values. */
export type HeardValues<D> = MessageValues<D> & BroadcastValues<D>;

type RequestPart<E, K extends "request" | "reply"> = E extends { readonly [P in K]: infer S } ? S : never;

/** Most bytes of a protocol or channel name (docs/wire-protocol.md, section 4). */
export const MAX_CHANNEL_NAME_BYTES = 32;

/** Most messages and broadcasts together, requests, or topics: the wire numbers them with a u16. */
const MAX_ENTRIES = 0x1_0000;

const parts = ["messages", "requests", "topics", "broadcasts"];

/**
 * Defines what two sides may say to each other.
 *
 * The two sides find that they mean the same by the hash of the protocol's canonical description:
 *
 * ```
 * protocol  = "protocol " name "{" { message } { broadcast } { request } { topic } "}"
 * message   = "message " number " " name ":" struct ";"
 * broadcast = "broadcast " number " " name ":" struct ";"
 * request   = "request " number " " name ":" struct "->" struct ";"
 * topic     = "topic " number " " name ":" struct ";"
 * ```
 *
 * `struct` is the description of the type (docs/schema.md), in full for each entry. No spaces but those shown; numbers
 * are decimal, each kind in ascending order.
 *
 * @param name 1 to 32 characters, a name as for types.
 * @throws TypeError if a name or a type is not one, if a message and a broadcast share a name, or if two different
 * types do.
 */
export function defineProtocol<const D extends ProtocolDefinition>(name: string, definition: D): Protocol<D> {
  requireName(name, "The name of a protocol");
  if (name.length > MAX_CHANNEL_NAME_BYTES) {
    throw new RangeError(
      `The name of protocol ${name} has ${name.length} characters, more than ${MAX_CHANNEL_NAME_BYTES}`,
    );
  }
  requireKnownKeys(`protocol ${name}`, definition, parts);
  const messages = entriesOf(name, "message", definition.messages, 0);
  const broadcasts = entriesOf(name, "broadcast", definition.broadcasts, messages.length);
  const requests = requestsOf(name, definition.requests);
  const topics = entriesOf(name, "topic", definition.topics, 0);
  requireDistinct(name, messages, broadcasts);
  requireOneTypePerName(name, [
    ...[...messages, ...broadcasts, ...topics].map((entry) => entry.type),
    ...requests.flatMap((entry) => [entry.request, entry.reply]),
  ]);
  const description = `protocol ${name}{${[
    ...messages.map((entry) => describeEntry("message", entry)),
    ...broadcasts.map((entry) => describeEntry("broadcast", entry)),
    ...requests.map(
      (entry) => `request ${entry.number} ${entry.name}:${entry.request.description}->${entry.reply.description};`,
    ),
    ...topics.map((entry) => describeEntry("topic", entry)),
  ].join("")}}`;
  const hash = typeHash(description);
  return Object.freeze({
    name,
    messages,
    broadcasts,
    requests,
    topics,
    description,
    typeHash: hash,
    typeHashHex: hashHex(hash),
  });
}

function describeEntry(kind: string, entry: ProtocolEntry): string {
  return `${kind} ${entry.number} ${entry.name}:${entry.type.description};`;
}

function entriesOf(
  protocol: string,
  kind: string,
  types: MessageTypes | undefined,
  first: number,
): readonly ProtocolEntry[] {
  const names = namesOf(protocol, kind, types, first);
  return Object.freeze(
    names.map((name, index) => {
      const type = requireStruct(types?.[name], `${kind} ${name} of protocol ${protocol}`);
      return Object.freeze({ name, number: first + index, type });
    }),
  );
}

function requestsOf(protocol: string, types: RequestTypes | undefined): readonly ProtocolRequest[] {
  const names = namesOf(protocol, "request", types, 0);
  return Object.freeze(
    names.map((name, number) => {
      const what = `request ${name} of protocol ${protocol}`;
      const pair = types?.[name];
      if (typeof pair !== "object" || pair === null) throw new TypeError(`${what} must be { request, reply }`);
      if (!("request" in pair || "reply" in pair))
        throw new TypeError(`${what} must be { request, reply }, two structs`);
      requireKnownKeys(what, pair, ["request", "reply"]);
      const request = requireStruct(pair.request, `The request type of ${what}`);
      const reply = requireStruct(pair.reply, `The reply type of ${what}`);
      return Object.freeze({ name, number, request, reply });
    }),
  );
}

function namesOf(protocol: string, kind: string, types: object | undefined, first: number): readonly string[] {
  if (types === undefined) return [];
  if (typeof types !== "object" || types === null) {
    throw new TypeError(`The ${kind}s of protocol ${protocol} must be an object of names and types`);
  }
  const names = Object.keys(types);
  for (const name of names) {
    requireName(name, `The name of a ${kind} of protocol ${protocol}`);
    if (EMITTER_NAMES.includes(name)) throw new TypeError(`A ${kind} cannot be named ${name}: event emitters use it`);
  }
  if (first + names.length > MAX_ENTRIES) {
    throw new RangeError(`Protocol ${protocol} has ${first + names.length} ${kind}s, more than ${MAX_ENTRIES}`);
  }
  return names;
}

function requireStruct(type: unknown, what: string): Struct {
  requireType(type, what);
  if (type.kind !== "struct") throw new TypeError(`${what} must be a struct, not ${type.kind}: put it into one`);
  return type;
}

function requireDistinct(protocol: string, messages: readonly ProtocolEntry[], others: readonly ProtocolEntry[]): void {
  for (const { name } of others) {
    if (!messages.some((message) => message.name === name)) continue;
    throw new TypeError(`A message and a broadcast of protocol ${protocol} are both named ${name}: rename one`);
  }
}

/** The C side has one name space for all types of a protocol, so a name stands for one type throughout. */
function requireOneTypePerName(protocol: string, types: readonly AnyType[]): void {
  const described = new Map<string, string>();
  const visit = (type: AnyType): void => {
    if (type.kind === "array") visit(type.element);
    if (type.kind !== "struct" && type.kind !== "enum") return;
    const description = describeType(type);
    const other = described.get(type.name);
    if (other !== undefined && other !== description) {
      throw new TypeError(`Protocol ${protocol} has two types named ${type.name}: ${other} and ${description}`);
    }
    described.set(type.name, description);
    if (type.kind === "struct" && other === undefined) for (const field of type.fields) visit(field.type);
  };
  for (const type of types) visit(type);
}
