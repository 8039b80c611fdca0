import type { ProtocolEntry } from "../channel/index.js";
import { type CModel, cName, macroName, messageTypes } from "./c-model.js";
import { call, comment, defineFunction, defineMacro } from "./c-text.js";

/** Bytes of a slot before its value, and what its size is rounded up to (docs/wire-protocol.md, section 6). */
const SLOT_VALUE = 16;
const SLOT_ALIGN = 64;
/** Bytes of a reply before its message (docs/wire-protocol.md, section 4). */
const REPLY_HEADER = 8;
/** Most entries of the library's table, whose count is a u16. */
const MAX_COUNT = 0xffff;

/** The numbers that stand for the parts of a protocol on the wire, and the sizes it needs. */
export function numberLines(model: CModel): string[] {
  const { messages, broadcasts, requests, topics, typeHashHex } = model.protocol;
  const number = (kind: string) => (entry: { readonly name: string; readonly number: number }) =>
    defineMacro(model.unit, macroName(model, kind, entry.name), `${entry.number}u`, `${kind} "${entry.name}"`);
  const own = (name: string, value: string) => defineMacro(model.unit, macroName(model, name), value, "the protocol");
  const replies = requests.map((request) => request.reply.size + REPLY_HEADER);
  const sizes = [...messageTypes(model.protocol).map((type) => type.size), ...replies];
  const slots = topics.map(({ type }) => Math.ceil((SLOT_VALUE + type.size) / SLOT_ALIGN) * SLOT_ALIGN);
  return [
    own("type_hash", `UINT64_C(0x${typeHashHex})`),
    ...comment("Bytes of the longest record's payload, and of all topics in the latest-value region."),
    own("payload_max", `${Math.max(0, ...sizes)}u`),
    own("latest_bytes", `${slots.reduce((sum, size) => sum + size, 0)}u`),
    "",
    ...messages.map(number("message")),
    ...broadcasts.map(number("broadcast")),
    ...requests.map(number("request")),
    ...topics.map(number("topic")),
    "",
  ];
}

/** The protocol as the library wants it. */
export function tableLines(model: CModel): string[] {
  const { name, topics } = model.protocol;
  const sizes = lengthsByNumber(model);
  const claim = (part: string) => model.unit.names.claim(cName(model, part), "the protocol");
  const [sizesName, topicsName, protocolName] = [claim("sizes"), claim("topics"), claim("protocol")];
  const fields = [
    JSON.stringify(name),
    macroName(model, "type_hash"),
    sizes.length === 0 ? "NULL" : sizesName,
    topics.length === 0 ? "NULL" : topicsName,
    `${sizes.length}`,
    `${topics.length}`,
  ];
  return [
    ...(sizes.length === 0 ? [] : sizesLines(sizesName, sizes)),
    ...(topics.length === 0 ? [] : topicsLines(topicsName, topics)),
    `static const struct intercell_protocol ${protocolName} = {`,
    `\t${fields.join(", ")}`,
    "};",
    "",
  ];
}

function sizesLines(name: string, sizes: readonly (readonly [number, number])[]): string[] {
  return [
    ...comment(
      "The library has one table of lengths for all kinds of records, and the wire counts messages and requests apart: an",
      "entry spans what its number can be, and the functions below hold each message against its own type.",
    ),
    `static const struct intercell_message_size ${name}[] = {`,
    ...sizes.map(([minimum, maximum]) => `\t{ ${minimum}, ${maximum} },`),
    "};",
  ];
}

function topicsLines(name: string, topics: readonly ProtocolEntry[]): string[] {
  return [`static const uint32_t ${name}[] = { ${topics.map(({ type }) => type.size).join(", ")} };`];
}

/** The least and the most bytes of what each number stands for. */
function lengthsByNumber(model: CModel): readonly (readonly [number, number])[] {
  const { name, messages, broadcasts, requests } = model.protocol;
  const count = Math.max(messages.length + broadcasts.length, requests.length);
  if (count > MAX_COUNT) {
    throw new RangeError(`Cannot generate C from protocol ${name} as it has ${count} messages: C takes ${MAX_COUNT}`);
  }
  const heard = [...messages, ...broadcasts];
  return Array.from({ length: count }, (_, number) => {
    const request = requests[number];
    const types = [heard[number]?.type, request?.request, request?.reply].filter((type) => type !== undefined);
    return [Math.min(...types.map((type) => type.minSize)), Math.max(...types.map((type) => type.size))] as const;
  });
}

/** The function that opens a channel of the protocol. */
export function openLines(model: CModel): string[] {
  const { messages, broadcasts, requests } = model.protocol;
  const heard = messages.length + broadcasts.length > 0;
  return defineFunction(model.unit, {
    name: cName(model, "open"),
    owner: "the protocol",
    parameters: [
      "struct intercell_hub *hub",
      "struct intercell_channel *channel",
      "const char *name",
      `struct ${cName(model, "handlers")} *handlers`,
    ],
    about: [
      "Opens a channel of the protocol towards all peers. @channel is zero; it, @name and @handlers are in use until",
      "intercell_channel_close() returns 0. Returns as intercell_channel_open().",
    ],
    body: [
      "channel->name = name;",
      `channel->protocol = &${cName(model, "protocol")};`,
      ...(heard ? [`channel->on_message = ${cName(model, "on_message")};`] : []),
      ...(requests.length > 0 ? [`channel->on_request = ${cName(model, "on_request")};`] : []),
      "channel->on_cancel = handlers->cancelled;",
      "channel->on_notice = handlers->noticed;",
      "channel->context = handlers;",
      ...call("return intercell_channel_open", ["hub", "channel"]),
    ],
  });
}
