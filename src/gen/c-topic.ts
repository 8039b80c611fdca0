import type { ProtocolEntry } from "../channel/index.js";
import { type CModel, cName, macroName, structTag } from "./c-model.js";
import { giveValue, peerParameters, valueParameter } from "./c-send.js";
import { comment, defineFunction } from "./c-text.js";

/** The functions that publish a topic and read a peer's, and the union that takes what is read. */
export function topicLines(model: CModel, entry: ProtocolEntry): string[] {
  const { name, type } = entry;
  const owner = `topic "${name}"`;
  const topic = macroName(model, "topic", name);
  return [
    ...(type.size === 0 ? [] : latestLines(model, entry, owner)),
    ...defineFunction(model.unit, {
      name: cName(model, "publish", name),
      owner,
      parameters: ["struct intercell_channel *channel", ...valueParameter(model, type)],
      body: giveValue(model, type, "intercell_latest_publish", ["channel", topic]),
    }),
    ...readLines(model, entry, owner),
  ];
}

/** The library copies words of 8 bytes, so it takes room for whole ones. */
function latestLines(model: CModel, { name, type }: ProtocolEntry, owner: string): string[] {
  const tag = cName(model, name, "latest");
  model.unit.tags.claim(tag, owner);
  return [
    ...comment(`Room for the newest ${name} of a peer.`),
    `union ${tag} {`,
    `\tuint64_t words[${Math.ceil(type.size / 8)}];`,
    `\t${structTag(model, type)} value;`,
    "};",
    "",
  ];
}

function readLines(model: CModel, { name, type }: ProtocolEntry, owner: string): string[] {
  const topic = macroName(model, "topic", name);
  const empty = type.size === 0;
  const undecodable = empty ? "length != 0" : `!${cName(model, "decode", type.name)}(latest, (uint32_t)length)`;
  const tail = [
    `length = (int)${cName(model, "length", type.name)}(&latest->value);`,
    "intercell_zero((unsigned char *)latest + length, (uint32_t)sizeof(*latest) - (uint32_t)length);",
  ];
  return defineFunction(model.unit, {
    name: cName(model, "read", name),
    owner,
    parameters: [...peerParameters, ...(empty ? [] : [`union ${cName(model, name, "latest")} *latest`])],
    about: [
      `Returns 0 with the newest ${name} of a peer; INTERCELL_EPROTO if it is none; or as intercell_latest_read().`,
    ],
    body: [
      `int length = intercell_latest_read(channel, peer, ${topic}, ${empty ? "NULL" : "latest"});`,
      "",
      "if (length < 0)",
      "\treturn length;",
      `if (${undecodable}) {`,
      "\tchannel->undecodable++;",
      "\treturn INTERCELL_EPROTO;",
      "}",
      ...(type.truncatable ? tail : []),
      "return INTERCELL_OK;",
    ],
  });
}
