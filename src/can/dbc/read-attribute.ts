import { type Draft, type Reference, setAttribute } from "./draft.js";
import type {
  DbcAttributeDefinition,
  DbcAttributeType,
  DbcAttributeValue,
  DbcObjectKind,
  DbcRelationKind,
} from "./model.js";
import { ORPHANAGE_ID, readId, toCanId } from "./read-message.js";
import type { Scanner } from "./scanner.js";

const objectKinds: Readonly<Record<string, Exclude<DbcObjectKind, "network">>> = {
  BU_: "node",
  BO_: "message",
  SG_: "signal",
  EV_: "environment",
};

const relationKinds: Readonly<Record<string, DbcRelationKind>> = {
  BU_BO_REL_: "node-message",
  BU_SG_REL_: "node-signal",
  BU_EV_REL_: "node-environment",
};

/** Takes `BU_ <node>`, `BO_ <id>`, `SG_ <id> <signal>` or `EV_ <variable>`; nothing stands for the network. */
export function readReference(scanner: Scanner): Reference {
  if (scanner.peek('"')) return { kind: "network" };
  if (scanner.takeWord("SG_")) return { kind: "signal", id: readId(scanner), name: scanner.name("a signal name") };
  if (scanner.takeWord("BO_")) return { kind: "message", id: readId(scanner) };
  if (scanner.takeWord("BU_")) return { kind: "node", name: scanner.name("the name of a node") };
  if (scanner.takeWord("EV_")) return { kind: "environment", name: scanner.name("the name of a variable") };
  return { kind: "network" };
}

/** `CM_ [<object>] "<text>";` */
export function readComment(draft: Draft, line: number): void {
  const reference = readReference(draft.scanner);
  const text = draft.scanner.string("a comment");
  draft.apply(reference, line, (target) => {
    target.comment = text;
  });
}

/** `BA_DEF_ [<kind>] "<name>" <type>;` */
export function readDefinition(draft: Draft, line: number): void {
  const { scanner } = draft;
  const keyword = scanner.peek('"') ? "" : (scanner.peekName() ?? "");
  const kind = Object.hasOwn(objectKinds, keyword) ? objectKinds[keyword] : undefined;
  if (keyword !== "" && kind === undefined) scanner.fail("BU_, BO_, SG_, EV_ or the name of an attribute");
  if (kind !== undefined) scanner.take(keyword);
  addDefinition(draft, kind ?? "network", line);
}

/** `BA_DEF_REL_ <kind> "<name>" <type>;` */
export function readRelationDefinition(draft: Draft, line: number): void {
  addDefinition(draft, readRelationKind(draft.scanner), line);
}

function readRelationKind(scanner: Scanner): DbcRelationKind {
  const keyword = scanner.peekName() ?? "";
  const kind = Object.hasOwn(relationKinds, keyword) ? relationKinds[keyword] : undefined;
  if (kind === undefined) scanner.fail("BU_SG_REL_, BU_BO_REL_ or BU_EV_REL_");
  scanner.take(keyword);
  return kind;
}

function addDefinition(draft: Draft, target: DbcAttributeDefinition["target"], line: number): void {
  const name = draft.scanner.string("the name of an attribute");
  draft.definitions.push({ name, target, type: readType(draft.scanner), line });
}

function readType(scanner: Scanner): DbcAttributeType {
  const keyword = scanner.peekName() ?? "";
  switch (keyword) {
    case "INT":
    case "HEX":
    case "FLOAT": {
      scanner.take(keyword);
      const kind = keyword.toLowerCase() as "int" | "hex" | "float";
      // Some files leave the limits out.
      if (scanner.peek(";")) return { kind };
      return { kind, min: scanner.number("a minimum"), max: scanner.number("a maximum") };
    }
    case "STRING":
      scanner.take(keyword);
      return { kind: "string" };
    case "ENUM": {
      scanner.take(keyword);
      const labels: string[] = [];
      while (!scanner.peek(";") && !scanner.atEnd) {
        labels.push(scanner.string("a label of an enumeration"));
        scanner.take(",");
      }
      return { kind: "enum", labels };
    }
    default:
      return scanner.fail("INT, HEX, FLOAT, STRING or ENUM");
  }
}

/** `BA_DEF_DEF_ "<name>" <value>;` and `BA_DEF_DEF_REL_`, which differ in nothing that matters. */
export function readDefault(ofRelation: boolean): (draft: Draft, line: number) => void {
  return (draft, line) => {
    const name = draft.scanner.string("the name of an attribute");
    const value = readValue(draft.scanner);
    draft.later(() => {
      const suits = (definition: DbcAttributeDefinition) =>
        definition.name === name && definition.target.startsWith("node-") === ofRelation;
      const definitions = draft.definitionsByName(name).filter(suits);
      for (const definition of definitions) definition.defaultValue = value;
      if (definitions.length === 0) {
        const why = `the attribute ${JSON.stringify(name)} has a default and no definition; it is left out`;
        draft.findings.warning("unknown-reference", line, why);
      }
    });
  };
}

function readValue(scanner: Scanner): DbcAttributeValue {
  return scanner.peek('"') ? scanner.string("a value") : scanner.number("a number or a string");
}

/** `BA_ "<name>" [<object>] <value>;` */
export function readAttribute(draft: Draft, line: number): void {
  const name = draft.scanner.string("the name of an attribute");
  const reference = readReference(draft.scanner);
  const value = readValue(draft.scanner);
  draft.apply(reference, line, (target) => setAttribute(target, name, value));
}

/** `BA_REL_ "<name>" <kind> <node> [SG_ <id> <signal> | <id> | <variable>] <value>;` */
export function readRelation(draft: Draft, line: number): void {
  const { scanner } = draft;
  const attribute = scanner.string("the name of an attribute");
  const kind = readRelationKind(scanner);
  const node = scanner.name("the name of a node");
  const relation = { attribute, kind, node, line };
  if (kind === "node-environment") {
    const object = scanner.name("the name of a variable");
    draft.relations.push({ ...relation, object, value: readValue(scanner) });
    return;
  }
  if (kind === "node-signal") scanner.take("SG_");
  else scanner.take("BO_");
  const id = readId(scanner);
  const object = kind === "node-signal" ? { object: scanner.name("a signal name") } : {};
  const message = id === ORPHANAGE_ID ? {} : { messageId: toCanId(id) };
  draft.relations.push({ ...relation, ...message, ...object, value: readValue(scanner) });
}
