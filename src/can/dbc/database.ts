import type { CanFrame } from "../frame.js";
import { type CanId, formatId, isExtended } from "../id.js";
import { isJ1939Message } from "./attribute.js";
import { createMessageCodec, type MessageCodec } from "./codec.js";
import type { Dbc, DbcMessage } from "./model.js";
import type { DbcNumber } from "./number.js";
import { type CodecOptions, checkCodecOptions, codecOptionKeys } from "./options.js";
import { pgnOf } from "./pgn.js";
import type { SignalValue } from "./to-raw.js";

/** The types of a message: values as `decode()` gives them, and raw ones. */
export interface MessageTypes {
  readonly values: object;
  readonly raw: object;
}

/** The types of all messages by name, as `intercell gen ts` writes them. */
export type DatabaseTypes<T> = { readonly [K in keyof T]: MessageTypes };

/** The types of a database of which none were generated. */
export type AnyMessages = Record<string, { values: Record<string, SignalValue>; raw: Record<string, DbcNumber> }>;

export interface DatabaseOptions extends CodecOptions {
  /**
   * Whether extended ids that no message has are looked up by parameter group. @defaultValue for the messages that
   * are J1939 by VFrameFormat or ProtocolType
   */
  readonly j1939?: boolean;
}

/** A message that was decoded. `name` tells the type of the values. */
export type DecodedMessage<T extends DatabaseTypes<T> = AnyMessages> = {
  [K in keyof T & string]: {
    readonly name: K;
    readonly values: T[K]["values"];
    readonly codec: MessageCodec<T[K]["values"], T[K]["raw"]>;
  };
}[keyof T & string];

/** The codecs of a DBC file, by name and by id. Each is made when it is first asked for. */
export interface CanDatabase<T extends DatabaseTypes<T> = AnyMessages> {
  readonly dbc: Dbc;
  /** @throws RangeError if there is no message of this name. */
  message<K extends keyof T & string>(name: K): MessageCodec<T[K]["values"], T[K]["raw"]>;
  /**
   * The codec of an id: of the message that has it, else of the first J1939 message of its parameter group. Undefined if
   * there is none.
   */
  find(id: CanId): MessageCodec | undefined;
  /**
   * Decodes a classic or CAN FD frame; undefined for another kind, and for an id that is not in the database.
   *
   * @throws IntercellError `ERR_DECODE` as `MessageCodec.decode` does.
   */
  decode(frame: CanFrame): DecodedMessage<T> | undefined;
}

/**
 * Makes the codecs of a DBC file available. Of messages with the same name or id the first counts.
 *
 * @typeParam T the interface that `intercell gen ts` wrote for the file; without it values are not typed.
 * @throws TypeError or RangeError if an option is wrong.
 */
export function createDatabase<T extends DatabaseTypes<T> = AnyMessages>(
  dbc: Dbc,
  options: DatabaseOptions = {},
): CanDatabase<T> {
  checkCodecOptions("createDatabase", options, [...codecOptionKeys, "j1939"]);
  const { j1939, ...codecOptions } = options;
  if (j1939 !== undefined && typeof j1939 !== "boolean") throw new TypeError('The option "j1939" must be a boolean');
  const isGroup = (message: DbcMessage) => (j1939 ?? isJ1939Message(dbc, message)) && isExtended(message.id);
  const byName = indexFirst(dbc.messages, (message) => message.name);
  const byId = indexFirst(dbc.messages, (message) => message.id);
  const byGroup = indexFirst(dbc.messages.filter(isGroup), ({ id }) => (isExtended(id) ? pgnOf(id) : undefined));
  const codecs = new Map<DbcMessage, MessageCodec>();
  const codecOf = (message: DbcMessage): MessageCodec => {
    let codec = codecs.get(message);
    if (codec === undefined) {
      codec = createMessageCodec(dbc, message, codecOptions);
      codecs.set(message, codec);
    }
    return codec;
  };
  const find = (id: CanId): MessageCodec | undefined => {
    const message = byId.get(id) ?? (isExtended(id) ? byGroup.get(pgnOf(id)) : undefined);
    return message === undefined ? undefined : codecOf(message);
  };
  const database = {
    dbc,
    message(name: string): MessageCodec {
      const message = byName.get(name);
      if (message === undefined) throw noSuchMessage(dbc, name);
      return codecOf(message);
    },
    find,
    decode(frame: CanFrame) {
      if (frame.kind !== "data" && frame.kind !== "fd") return undefined;
      const codec = find(frame.id);
      return codec === undefined ? undefined : { name: codec.name, values: codec.decode(frame.data), codec };
    },
  };
  return Object.freeze(database) as unknown as CanDatabase<T>;
}

function indexFirst<K>(messages: readonly DbcMessage[], keyOf: (message: DbcMessage) => K): ReadonlyMap<K, DbcMessage> {
  return new Map([...messages].reverse().map((message) => [keyOf(message), message]));
}

function noSuchMessage({ messages }: Dbc, name: string): RangeError {
  const shown = messages.slice(0, 8).map((message) => `${message.name} (${formatId(message.id)})`);
  if (messages.length > shown.length) shown.push("...");
  return new RangeError(`No message of the database is called ${JSON.stringify(name)}: there are ${shown.join(", ")}`);
}
