import type { ProtocolEntry } from "../channel/index.js";
import type { Bytes, Field, Struct, Text } from "../schema/index.js";
import { cleanUsed, isPlain, refuseInvalid, usedLength } from "./c-codec.js";
import { type CModel, cName, macroName, structTag } from "./c-model.js";
import { call, defineFunction } from "./c-text.js";

/** The parameters of all functions that talk to one peer. */
export const peerParameters: readonly string[] = ["struct intercell_channel *channel", "uint32_t peer"];

/** The parameter for a value to be sent; none for a message of no bytes. */
export function valueParameter(model: CModel, struct: Struct): readonly string[] {
  return struct.size === 0 ? [] : [`const ${structTag(model, struct)} *value`];
}

/**
 * The body of a function that gives the bytes of `value` to a function of the library. A value with padding is sent
 * from a clean copy on the stack, which is the caller's struct otherwise.
 */
export function giveValue(
  model: CModel,
  struct: Struct,
  callee: string,
  before: readonly string[],
  after: readonly string[] = [],
  statements: readonly string[] = [],
): string[] {
  if (struct.size === 0) return [...statements, ...call(`return ${callee}`, [...before, "NULL", "0", ...after])];
  if (isPlain(struct)) {
    const value = ["value", "(uint32_t)sizeof(*value)"];
    return [...statements, ...call(`return ${callee}`, [...before, ...value, ...after])];
  }
  return [
    `${structTag(model, struct)} clean;`,
    `int length = ${cName(model, "encode", struct.name)}(&clean, value);`,
    "",
    "if (length < 0)",
    "\treturn length;",
    ...statements,
    ...call(`return ${callee}`, [...before, "&clean", "(uint32_t)length", ...after]),
  ];
}

/** The functions that send a message to one peer: at once, together with others, and built in place. */
export function messageLines(model: CModel, entry: ProtocolEntry): string[] {
  const owner = `message "${entry.name}"`;
  const parameters = [...peerParameters, ...valueParameter(model, entry.type)];
  const value = entry.type.size === 0 ? [] : ["value"];
  const queue = cName(model, "queue", entry.name);
  return [
    ...defineFunction(model.unit, { name: queue, owner, parameters, body: queueBody(model, entry) }),
    ...defineFunction(model.unit, {
      name: cName(model, "send", entry.name),
      owner,
      parameters,
      body: [
        `int status = ${queue}(${["channel", "peer", ...value].join(", ")});`,
        "",
        `return status < 0 ? status : intercell_link_flush(${linkOfPeer});`,
      ],
    }),
    ...(entry.type.size === 0 ? [] : inPlaceLines(model, entry, owner)),
  ];
}

const linkOfPeer = "&channel->hub->node->links[peer]";

/** Encodes in the ring, so that a message with padding needs no copy either. */
function queueBody(model: CModel, { name, type }: ProtocolEntry): string[] {
  const number = macroName(model, "message", name);
  if (type.size === 0 || isPlain(type)) {
    return giveValue(model, type, "intercell_channel_queue", ["channel", "peer", number]);
  }
  return [
    `uint32_t length = ${usedLength(model, type)};`,
    "void *place;",
    ...call("int status = intercell_channel_reserve", ["channel", "peer", number, "length", "&place"]),
    "",
    "if (status != INTERCELL_OK)",
    "\treturn status;",
    `if (${cName(model, "encode", type.name)}(place, value) < 0)`,
    "\treturn INTERCELL_EINVAL;",
    ...append(number, "length", "length"),
    "return INTERCELL_OK;",
  ];
}

function append(number: string, room: string, length: string): string[] {
  const items = [linkOfPeer, room, length, "INTERCELL_KIND_DATA", "channel->number", number];
  return call("(void)intercell_link_append", items);
}

/** Of a message that can be shorter than its struct, no more room is taken than its last field is to have. */
function inPlaceLines(model: CModel, { name, type }: ProtocolEntry, owner: string): string[] {
  const number = macroName(model, "message", name);
  const tag = structTag(model, type);
  const size = type.truncatable ? `${type.minSize}u + room` : `(uint32_t)sizeof(${tag})`;
  const parameters = [...peerParameters, ...(type.truncatable ? ["uint32_t room"] : [])];
  const { max } = type.truncatable ? ((type.fields.at(-1) as Field).type as Bytes | Text) : { max: 0 };
  const bounded = type.truncatable ? [`if (room > ${max}u)`, "\treturn INTERCELL_EINVAL;"] : [];
  return [
    ...defineFunction(model.unit, {
      name: cName(model, "reserve", name),
      owner,
      parameters: [...parameters, `${tag} **value`],
      about: type.truncatable
        ? ["@room is the most that the length of the last field will be, here and when it is committed."]
        : undefined,
      body: [
        "void *place;",
        "int status;",
        "",
        ...bounded,
        ...call("status = intercell_channel_reserve", ["channel", "peer", number, size, "&place"]),
        "if (status == INTERCELL_OK)",
        `\t*value = (${tag} *)place;`,
        "return status;",
      ],
    }),
    ...defineFunction(model.unit, {
      name: cName(model, "commit", name),
      owner,
      parameters: [...parameters, `${tag} *value`],
      body: [
        ...prepareInPlace(model, type),
        ...append(number, size, isPlain(type) ? size : "length"),
        `return intercell_link_flush(${linkOfPeer});`,
      ],
    }),
  ];
}

function prepareInPlace(model: CModel, type: Struct): readonly string[] {
  if (isPlain(type)) return ["(void)value;"];
  const beyond = type.truncatable ? [`if (length > ${type.minSize}u + room)`, "\treturn INTERCELL_EINVAL;"] : [];
  return [
    `uint32_t length = ${usedLength(model, type)};`,
    "",
    ...beyond,
    ...refuseInvalid(model, type),
    ...cleanUsed(model, type, "value"),
  ];
}

/** The function that sends a broadcast. */
export function broadcastLines(model: CModel, entry: ProtocolEntry): string[] {
  const number = macroName(model, "broadcast", entry.name);
  return defineFunction(model.unit, {
    name: cName(model, "broadcast", entry.name),
    owner: `broadcast "${entry.name}"`,
    parameters: ["struct intercell_channel *channel", ...valueParameter(model, entry.type)],
    body: giveValue(model, entry.type, "intercell_channel_broadcast", ["channel", number]),
  });
}
