import { isExtended } from "../id.js";
import type { Dbc, DbcAttributeDefinition, DbcAttributeValue, DbcMessage, DbcObject, DbcSignal } from "./model.js";

/** Labels of VFrameFormat by number, where the file defines none (Vector, "DBC File Format Documentation"). */
const frameFormats: Readonly<Record<number, string>> = {
  0: "StandardCAN",
  1: "ExtendedCAN",
  3: "J1939PG",
  14: "StandardCAN_FD",
  15: "ExtendedCAN_FD",
};

const definitionsOf = new WeakMap<Dbc, ReadonlyMap<string, DbcAttributeDefinition>>();

/** The definition of an attribute; of two with the name, the one of an object comes before that of a relation. */
export function attributeDefinition(dbc: Dbc, name: string): DbcAttributeDefinition | undefined {
  let definitions = definitionsOf.get(dbc);
  if (definitions === undefined) {
    const inOrder = [...dbc.attributeDefinitions].sort((a, b) => rank(b) - rank(a));
    definitions = new Map(inOrder.map((definition) => [definition.name, definition]));
    definitionsOf.set(dbc, definitions);
  }
  return definitions.get(name);
}

function rank({ target }: DbcAttributeDefinition): number {
  return target.startsWith("node-") ? 1 : 0;
}

/**
 * The value of an attribute: the object's own, else the default. The index of an enumeration becomes its label.
 *
 * @param object leaves out to ask for an attribute of the network.
 * @returns undefined if the object has none and there is no default.
 */
export function attributeValue(dbc: Dbc, name: string, object?: DbcObject): DbcAttributeValue | undefined {
  const definition = attributeDefinition(dbc, name);
  const value = (object ?? dbc).attributes.get(name) ?? definition?.defaultValue;
  if (value === undefined || typeof value === "string" || definition?.type.kind !== "enum") return value;
  return definition.type.labels[Number(value)] ?? value;
}

/** GenMsgCycleTime in milliseconds; undefined if there is none or it is 0. */
export function cycleTimeMs(dbc: Dbc, message: DbcMessage): number | undefined {
  const value = Number(attributeValue(dbc, "GenMsgCycleTime", message) ?? 0);
  return value > 0 && Number.isFinite(value) ? value : undefined;
}

/** The label of VFrameFormat, such as `StandardCAN_FD`; undefined if the file does not say. */
export function frameFormat(dbc: Dbc, message: DbcMessage): string | undefined {
  const value = attributeValue(dbc, "VFrameFormat", message);
  if (typeof value !== "string" && value !== undefined) return frameFormats[Number(value)];
  return value;
}

/** Whether a message is a CAN FD frame: VFrameFormat says so, or it has more bytes than a classic frame and is not J1939. */
export function isFdMessage(dbc: Dbc, message: DbcMessage): boolean {
  const format = frameFormat(dbc, message);
  return format?.endsWith("_FD") || (message.lengthBytes > 8 && !isJ1939Message(dbc, message));
}

/** Whether the sender of a CAN FD message switches the bit rate (CANFD_BRS). */
export function hasBitRateSwitch(dbc: Dbc, message: DbcMessage): boolean {
  return isFdMessage(dbc, message) && Number(attributeValue(dbc, "CANFD_BRS", message) ?? 0) === 1;
}

/** Whether a message is known by its parameter group: VFrameFormat says so, or the network speaks J1939. */
export function isJ1939Message(dbc: Dbc, message: DbcMessage): boolean {
  if (!isExtended(message.id)) return false;
  const format = frameFormat(dbc, message);
  const own = message.attributes.has("VFrameFormat");
  return format === "J1939PG" || (!own && attributeValue(dbc, "ProtocolType") === "J1939");
}

/** GenSigStartValue, the raw value that a signal has at first; 0 if the file gives none. */
export function startValue(dbc: Dbc, signal: DbcSignal): number | bigint {
  const value = attributeValue(dbc, "GenSigStartValue", signal) ?? 0;
  if (typeof value === "bigint") return value;
  const number = Number(value);
  return Number.isFinite(number) ? number : 0;
}
