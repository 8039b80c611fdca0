import type { Protocol } from "../channel/index.js";
import type { AnyType, EnumType, Struct } from "../schema/index.js";
import { protocolPrefix, snakeCase } from "./c-name.js";
import type { CUnit } from "./c-scope.js";

/** What the parts of a header need to know of the whole. */
export interface CModel {
  readonly protocol: Protocol;
  readonly unit: CUnit;
  /** What all names begin with, such as `jitter`. */
  readonly prefix: string;
  readonly enums: readonly EnumType[];
  /** Structs with fields; each after those that are parts of it. */
  readonly structs: readonly Struct[];
}

/**
 * Collects the types of a protocol.
 *
 * @throws TypeError if the protocol has a name that C headers cannot have.
 */
export function createModel(protocol: Protocol, unit: CUnit): CModel {
  const enums = new Map<string, EnumType>();
  const structs = new Map<string, Struct>();
  const visit = (type: AnyType): void => {
    if (type.kind === "array") visit(type.element);
    else if (type.kind === "enum") enums.set(type.name, type);
    else if (type.kind === "struct" && type.size > 0 && !structs.has(type.name)) {
      for (const field of type.fields) visit(field.type);
      structs.set(type.name, type);
    }
  };
  for (const type of messageTypes(protocol)) visit(type);
  const prefix = protocolPrefix(protocol.name);
  return { protocol, unit, prefix, enums: [...enums.values()], structs: [...structs.values()] };
}

/** The structs that a protocol sends as they are, each once. */
export function messageTypes(protocol: Protocol): readonly Struct[] {
  const { messages, broadcasts, requests, topics } = protocol;
  const all = [
    ...[...messages, ...broadcasts].map((entry) => entry.type),
    ...requests.flatMap((entry) => [entry.request, entry.reply]),
    ...topics.map((entry) => entry.type),
  ];
  return [...new Map(all.map((type) => [type.name, type])).values()];
}

/** The C name of something of a protocol: `jitter_send_measurement`. */
export function cName(model: CModel, ...parts: string[]): string {
  return [model.prefix, ...parts.map(snakeCase)].join("_");
}

/** {@link cName} in capitals. */
export function macroName(model: CModel, ...parts: string[]): string {
  return cName(model, ...parts).toUpperCase();
}

/** `struct jitter_measurement` for a struct with fields. */
export function structTag(model: CModel, struct: Struct): string {
  return `struct ${cName(model, struct.name)}`;
}
