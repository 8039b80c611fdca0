import { fileId, formatValue, quote } from "./format-text.js";
import type {
  Dbc,
  DbcAttributeDefinition,
  DbcAttributeType,
  DbcObject,
  DbcObjectKind,
  DbcRelation,
  DbcRelationKind,
} from "./model.js";
import { formatNumber } from "./number.js";
import { ORPHANAGE_ID } from "./read-message.js";

const keywords: Readonly<Record<DbcObjectKind | DbcRelationKind, string>> = {
  network: "",
  node: "BU_ ",
  message: "BO_ ",
  signal: "SG_ ",
  environment: "EV_ ",
  "node-message": "BU_BO_REL_ ",
  "node-signal": "BU_SG_REL_ ",
  "node-environment": "BU_EV_REL_ ",
};

/** All objects that can have comments and attributes, with how a statement refers to each. */
function objects(dbc: Dbc): { readonly reference: string; readonly object: DbcObject }[] {
  const signalsOf = (id: number, signals: readonly DbcObject[]) =>
    signals.map((object) => ({ reference: `SG_ ${id} ${object.symbol} `, object }));
  return [
    ...dbc.nodes.map((object) => ({ reference: `BU_ ${object.symbol} `, object })),
    ...dbc.messages.flatMap((object) => [
      { reference: `BO_ ${fileId(object.id)} `, object },
      ...signalsOf(fileId(object.id), object.signals),
    ]),
    ...signalsOf(ORPHANAGE_ID, dbc.orphanSignals),
    ...dbc.environmentVariables.map((object) => ({ reference: `EV_ ${object.symbol} `, object })),
  ];
}

export function commentLines(dbc: Dbc): string[] {
  const ofNetwork = dbc.comment === undefined ? [] : [`CM_ ${quote(dbc.comment)};`];
  const ofObjects = objects(dbc).flatMap(({ reference, object }) => {
    return object.comment === undefined ? [] : [`CM_ ${reference}${quote(object.comment)};`];
  });
  return [...ofNetwork, ...ofObjects];
}

export function definitionLines({ attributeDefinitions }: Dbc): string[] {
  const ofObjects = attributeDefinitions.filter((definition) => !isOfRelation(definition));
  const ofRelations = attributeDefinitions.filter(isOfRelation);
  return [
    ...ofObjects.map(({ name, target, type }) => `BA_DEF_ ${keywords[target]}${quote(name)} ${formatType(type)};`),
    ...ofRelations.map(
      ({ name, target, type }) => `BA_DEF_REL_ ${keywords[target]}${quote(name)} ${formatType(type)};`,
    ),
    ...defaultLines("BA_DEF_DEF_", ofObjects),
    ...defaultLines("BA_DEF_DEF_REL_", ofRelations),
  ];
}

function defaultLines(keyword: string, definitions: readonly DbcAttributeDefinition[]): string[] {
  const defaults = new Map<string, string>();
  for (const { name, defaultValue } of definitions) {
    if (defaultValue !== undefined) defaults.set(name, formatValue(defaultValue));
  }
  return [...defaults].map(([name, value]) => `${keyword} ${quote(name)} ${value};`);
}

function isOfRelation({ target }: DbcAttributeDefinition): boolean {
  return target.startsWith("node-");
}

function formatType(type: DbcAttributeType): string {
  switch (type.kind) {
    case "string":
      return "STRING ";
    case "enum":
      return `ENUM  ${type.labels.map(quote).join(",")}`;
    default: {
      const { kind, min, max } = type;
      return min === undefined || max === undefined
        ? kind.toUpperCase()
        : `${kind.toUpperCase()} ${formatNumber(min)} ${formatNumber(max)}`;
    }
  }
}

export function attributeLines(dbc: Dbc): string[] {
  const lines = (reference: string, { attributes }: Pick<DbcObject, "attributes">) =>
    [...attributes].map(([name, value]) => `BA_ ${quote(name)} ${reference}${formatValue(value)};`);
  return [...lines("", dbc), ...objects(dbc).flatMap(({ reference, object }) => lines(reference, object))];
}

export function relationLines({ relations }: Dbc): string[] {
  return relations.map((relation) => {
    const { attribute, kind, node, value } = relation;
    return `BA_REL_ ${quote(attribute)} ${keywords[kind]}${node} ${relationObject(relation)}${formatValue(value)};`;
  });
}

function relationObject({ kind, messageId, object = "" }: DbcRelation): string {
  if (kind === "node-environment") return `${object} `;
  const id = messageId === undefined ? ORPHANAGE_ID : fileId(messageId);
  return kind === "node-signal" ? `SG_ ${id} ${object} ` : `${id} `;
}
