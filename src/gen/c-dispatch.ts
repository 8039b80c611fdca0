import type { ProtocolEntry, ProtocolRequest } from "../channel/index.js";
import type { Struct } from "../schema/index.js";
import { type CModel, cName, macroName, structTag } from "./c-model.js";
import { snakeCase } from "./c-name.js";
import { CScope } from "./c-scope.js";
import { comment, defineFunction, list } from "./c-text.js";

const channelParameter = "struct intercell_channel *channel";
const messageParameter = "const struct intercell_message *message";
const requestParameter = "const struct intercell_request *request";

/** The callbacks of a protocol, and the functions that take records to them. */
export function dispatchLines(model: CModel): string[] {
  const { messages, broadcasts, requests } = model.protocol;
  return [
    ...handlerLines(model),
    ...undecodableLines(model),
    ...messages.flatMap((entry) => takeLines(model, entry, "message")),
    ...broadcasts.flatMap((entry) => takeLines(model, entry, "broadcast")),
    ...onMessageLines(model),
    ...(requests.length === 0 ? [] : refuseLines(model)),
    ...requests.flatMap((request) => answerLines(model, request)),
    ...onRequestLines(model),
  ];
}

function handlersTag(model: CModel): string {
  return `struct ${cName(model, "handlers")}`;
}

function handlerName(kind: "on" | "on_request", name: string): string {
  return `${kind}_${snakeCase(name)}`;
}

function handlerLines(model: CModel): string[] {
  const { messages, broadcasts, requests } = model.protocol;
  model.unit.tags.claim(cName(model, "handlers"), "the callbacks");
  const scope = new CScope(handlersTag(model));
  const member = (name: string, owner: string, type: Struct, middle: string): string[] => {
    const value = type.size === 0 ? [] : [`const ${structTag(model, type)} *value`];
    return list(`\tint (*${scope.claim(name, owner)})`, [channelParameter, middle, ...value], ";");
  };
  const heard = [...messages, ...broadcasts].flatMap((entry) => {
    return member(handlerName("on", entry.name), `message "${entry.name}"`, entry.type, messageParameter);
  });
  const asked = requests.flatMap((request) => {
    const name = handlerName("on_request", request.name);
    return member(name, `request "${request.name}"`, request.request, requestParameter);
  });
  return [
    ...comment(
      "What to do with what arrives; each may be NULL. A message that nobody wants is counted in the link's statistics as",
      "ignored, and a request answered with INTERCELL_ERROR_NO_HANDLER. Return INTERCELL_OK, or INTERCELL_HOLD to be",
      "called with the same again in a later poll. @value is valid until the callback returns; of a message whose last",
      "field is variable only the bytes up to its used end are there, so that the struct is not to be copied whole.",
    ),
    `${handlersTag(model)} {`,
    ...heard,
    ...asked,
    `\tvoid (*cancelled)(${channelParameter}, ${requestParameter});`,
    ...list(
      "\tvoid (*noticed)",
      [
        channelParameter,
        "struct intercell_link *link",
        "enum intercell_notice notice",
        "const struct intercell_remote *remote",
      ],
      ";",
    ),
    "\tvoid *context;",
    "};",
    "",
    ...defineFunction(model.unit, {
      name: cName(model, "handlers_of"),
      owner: "the callbacks",
      result: `${handlersTag(model)} *`,
      parameters: [`const ${channelParameter}`],
      about: ["What the channel was opened with, so that a callback finds its context."],
      body: [`return (${handlersTag(model)} *)channel->context;`],
    }),
  ];
}

function undecodableLines(model: CModel): string[] {
  return defineFunction(model.unit, {
    name: cName(model, "undecodable"),
    owner: "the count of undecodable messages",
    result: "void ",
    parameters: [channelParameter, "struct intercell_link *link"],
    body: ["channel->undecodable++;", "intercell_channel_notice(channel, link, INTERCELL_NOTICE_UNDECODABLE, NULL);"],
  });
}

interface Decoding {
  /** Of the decoded value. */
  readonly declaration: readonly string[];
  /** The conditions under which it is a value, and under which it is none. */
  readonly right: string;
  readonly wrong: string;
}

function decoding(model: CModel, type: Struct): Decoding {
  if (type.size === 0) return { declaration: [], right: "message->length == 0", wrong: "message->length != 0" };
  const call = `${cName(model, "decode", type.name)}(message->data, message->length)`;
  return { declaration: [`const ${structTag(model, type)} *value = ${call};`], right: "value", wrong: "!value" };
}

function takeLines(model: CModel, { name, type }: ProtocolEntry, kind: "message" | "broadcast"): string[] {
  const { declaration, wrong } = decoding(model, type);
  const handler = handlerName("on", name);
  const stray = kind === "message" ? "message->broadcast" : "!message->broadcast";
  return defineFunction(model.unit, {
    name: cName(model, "take", name),
    owner: `${kind} "${name}"`,
    parameters: [channelParameter, messageParameter],
    body: [
      `const ${handlersTag(model)} *handlers = ${cName(model, "handlers_of")}(channel);`,
      ...declaration,
      "",
      `if (${stray} || ${wrong})`,
      `\t${cName(model, "undecodable")}(channel, message->link);`,
      `else if (!handlers->${handler})`,
      "\tmessage->link->statistics.ignored++;",
      "else",
      `\treturn handlers->${handler}(channel, message${type.size === 0 ? "" : ", value"});`,
      "return INTERCELL_OK;",
    ],
  });
}

function onMessageLines(model: CModel): string[] {
  const cases = (["message", "broadcast"] as const).flatMap((kind) =>
    model.protocol[`${kind}s`].flatMap(({ name }) => [
      `case ${macroName(model, kind, name)}:`,
      `\treturn ${cName(model, "take", name)}(channel, message);`,
    ]),
  );
  const other = [`${cName(model, "undecodable")}(channel, message->link);`, "return INTERCELL_OK;"];
  const body = ["switch (message->number) {", ...cases, "default:", ...other.map((line) => `\t${line}`), "}"];
  return defineFunction(model.unit, {
    name: cName(model, "on_message"),
    owner: "the dispatch of messages",
    parameters: [channelParameter, messageParameter],
    body: cases.length === 0 ? other : body,
  });
}

function refuseLines(model: CModel): string[] {
  return [
    ...defineFunction(model.unit, {
      name: cName(model, "refuse"),
      owner: "the refusal of requests",
      parameters: [channelParameter, requestParameter, "uint32_t code"],
      body: [
        'int status = intercell_request_fail(channel, request, code, "", 0);',
        "",
        "return status == INTERCELL_ENOBUFS ? INTERCELL_HOLD : INTERCELL_OK;",
      ],
    }),
    ...defineFunction(model.unit, {
      name: cName(model, "fail"),
      owner: "the error for a request",
      parameters: [channelParameter, requestParameter, "const char *text"],
      about: [
        "Answers a request with INTERCELL_ERROR_FAILED and a text in UTF-8, of which as many characters are sent as fit",
        "into INTERCELL_ERROR_TEXT_MAX bytes. Returns as intercell_request_fail().",
      ],
      body: [
        "uint32_t length = 0;",
        "",
        "while (length < INTERCELL_ERROR_TEXT_MAX && text[length] != 0)",
        "\tlength++;",
        "while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)",
        "\tlength--;",
        "return intercell_request_fail(channel, request, INTERCELL_ERROR_FAILED, text, length);",
      ],
    }),
  ];
}

function answerLines(model: CModel, request: ProtocolRequest): string[] {
  const type = request.request;
  const { declaration, right } = decoding(model, type);
  const handler = handlerName("on_request", request.name);
  const value = type.size === 0 ? "" : ", value";
  return defineFunction(model.unit, {
    name: cName(model, "answer", request.name),
    owner: `request "${request.name}"`,
    parameters: [channelParameter, messageParameter, requestParameter],
    body: [
      `const ${handlersTag(model)} *handlers = ${cName(model, "handlers_of")}(channel);`,
      ...declaration,
      "int status;",
      "",
      `if (!handlers->${handler})`,
      `\treturn ${cName(model, "refuse")}(channel, request, INTERCELL_ERROR_NO_HANDLER);`,
      `if (${right})`,
      `\treturn handlers->${handler}(channel, request${value});`,
      `status = ${cName(model, "refuse")}(channel, request, INTERCELL_ERROR_UNDECODABLE);`,
      "if (status == INTERCELL_OK)",
      `\t${cName(model, "undecodable")}(channel, message->link);`,
      "return status;",
    ],
  });
}

function onRequestLines(model: CModel): string[] {
  const { requests } = model.protocol;
  if (requests.length === 0) return [];
  const cases = requests.flatMap((request) => [
    `case ${macroName(model, "request", request.name)}:`,
    `\treturn ${cName(model, "answer", request.name)}(channel, message, request);`,
  ]);
  const refusal = `return ${cName(model, "refuse")}(channel, request, INTERCELL_ERROR_NO_HANDLER);`;
  return defineFunction(model.unit, {
    name: cName(model, "on_request"),
    owner: "the dispatch of requests",
    parameters: [channelParameter, messageParameter, requestParameter],
    body: ["switch (message->number) {", ...cases, "default:", `\t${refusal}`, "}"],
  });
}
