import type { ProtocolRequest } from "../channel/index.js";
import type { Struct } from "../schema/index.js";
import { type CModel, cName, macroName, structTag } from "./c-model.js";
import { giveValue, peerParameters, valueParameter } from "./c-send.js";
import { comment, defineFunction, list } from "./c-text.js";

/** What both sides of a request use: the call under way, and the functions that ask, take the reply, and answer. */
export function requestLines(model: CModel, request: ProtocolRequest): string[] {
  const owner = `request "${request.name}"`;
  return [
    ...callLines(model, request, owner),
    ...finishLines(model, request, owner),
    ...askLines(model, request, owner),
    ...defineFunction(model.unit, {
      name: cName(model, "reply", request.name),
      owner,
      parameters: [
        "struct intercell_channel *channel",
        "const struct intercell_request *request",
        ...valueParameter(model, request.reply),
      ],
      body: giveValue(model, request.reply, "intercell_request_reply", ["channel", "request", number(model, request)]),
    }),
  ];
}

function number(model: CModel, request: ProtocolRequest): string {
  return macroName(model, "request", request.name);
}

function callTag(model: CModel, request: ProtocolRequest): string {
  return `struct ${cName(model, request.name, "call")}`;
}

function callLines(model: CModel, request: ProtocolRequest, owner: string): string[] {
  const tag = callTag(model, request);
  model.unit.tags.claim(cName(model, request.name, "call"), owner);
  const reply = request.reply.size === 0 ? [] : [`const ${structTag(model, request.reply)} *reply`];
  const parameters = [`${tag} *call`, "int status", ...reply, "const struct intercell_message *message"];
  return [
    ...comment(
      `A request "${request.name}" under way.`,
      "",
      "Set @done and @context, and leave the rest zero; it is in use until @done is called. @status is INTERCELL_OK with",
      "the reply; INTERCELL_EREMOTEIO with the peer's error, whose code is the number of @message and whose text its",
      "data; INTERCELL_EPROTO if the reply is not of its type; or another one as the library says.",
    ),
    `${tag} {`,
    "\tstruct intercell_pending pending;",
    ...list("\tvoid (*done)", parameters, ";"),
    "\tvoid *context;",
    "};",
    "",
  ];
}

function finishLines(model: CModel, request: ProtocolRequest, owner: string): string[] {
  const { reply } = request;
  const empty = reply.size === 0;
  const decode = empty ? [] : [`reply = ${cName(model, "decode", reply.name)}(message->data, message->length);`];
  const wrong = `message->number != ${number(model, request)} || ${empty ? "message->length != 0" : "!reply"}`;
  return defineFunction(model.unit, {
    name: cName(model, "finish", request.name),
    owner,
    result: "void ",
    parameters: ["struct intercell_pending *pending", "int status", "const struct intercell_message *message"],
    body: [
      `${callTag(model, request)} *call = (${callTag(model, request)} *)pending->context;`,
      ...(empty ? [] : [`const ${structTag(model, reply)} *reply = NULL;`]),
      "",
      "if (status == INTERCELL_OK) {",
      ...decode.map((line) => `\t${line}`),
      `\tif (${wrong}) {`,
      "\t\tmessage->channel->undecodable++;",
      "\t\tstatus = INTERCELL_EPROTO;",
      ...(empty ? [] : ["\t\treply = NULL;"]),
      "\t}",
      "}",
      `call->done(call, status, ${empty ? "" : "reply, "}message);`,
    ],
  });
}

function askLines(model: CModel, request: ProtocolRequest, owner: string): string[] {
  const type: Struct = request.request;
  const set = [`call->pending.done = ${cName(model, "finish", request.name)};`, "call->pending.context = call;"];
  const before = ["channel", "peer", number(model, request)];
  return defineFunction(model.unit, {
    name: cName(model, "request", request.name),
    owner,
    parameters: [
      ...peerParameters,
      ...valueParameter(model, type),
      `${callTag(model, request)} *call`,
      "uint32_t timeout_ms",
    ],
    body: giveValue(model, type, "intercell_channel_request", before, ["&call->pending", "timeout_ms"], set),
  });
}
