import { cycleTimeMs, type Dbc, type DbcMessage, type DbcSignal, isFdMessage } from "../can/dbc/index.js";
import { formatId } from "../can/id.js";

/** A comment of these paragraphs; none of no paragraphs. */
export function docComment(paragraphs: readonly string[], indent: string): string[] {
  const lines = paragraphs
    .flatMap((paragraph, index) => [...(index === 0 ? [] : [""]), ...paragraph.trim().split(/\r\n|[\r\n\u2028\u2029]/)])
    // What would end the comment does not.
    .map((line) => line.trimEnd().replaceAll("*/", "*\\/"));
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}`), `${indent} */`];
}

/** What a message is, and its comment. */
export function describeMessage(dbc: Dbc, message: DbcMessage): string[] {
  const { id, lengthBytes, sender, comment } = message;
  const cycle = cycleTimeMs(dbc, message);
  const facts = [
    `${isFdMessage(dbc, message) ? "CAN FD id" : "CAN id"} 0x${formatId(id)}`,
    `${lengthBytes} ${lengthBytes === 1 ? "byte" : "bytes"}`,
    ...(sender === undefined ? [] : [`sent by ${sender}`]),
    ...(cycle === undefined ? [] : [`every ${cycle} ms`]),
  ];
  return [`${facts.join(", ")}.`, ...present(comment)];
}

/** What a signal is: its range and unit, its bits, when it is there, and its comment. */
export function describeSignal(signal: DbcSignal): string[] {
  const { min, max, unit, factor, offset, lengthBits, type, multiplexing, comment } = signal;
  const shownUnit = unit === "" ? "" : ` ${unit}`;
  const range = min === undefined || max === undefined ? unit : `${min} to ${max}${shownUnit}`;
  const kind = type.startsWith("float") ? type : `${type}, ${lengthBits} ${lengthBits === 1 ? "bit" : "bits"}`;
  const isScaled = Number(factor) !== 1 || Number(offset) !== 0;
  const facts = [
    ...(range === "" ? [] : [range]),
    isScaled ? `${kind}, raw * ${factor}${Number(offset) === 0 ? "" : describeOffset(Number(offset))}` : kind,
  ];
  const ranges = (multiplexing?.ranges ?? []).map(({ first, last }) =>
    first === last ? first : `${first} to ${last}`,
  );
  const when = multiplexing === undefined ? [] : [`There while ${multiplexing.multiplexer} is ${ranges.join(", ")}.`];
  return [`${facts.join("; ")}.`, ...when, ...present(comment)];
}

function describeOffset(offset: number): string {
  return offset < 0 ? ` - ${-offset}` : ` + ${offset}`;
}

function present(comment: string | undefined): string[] {
  return comment === undefined || comment.trim() === "" ? [] : [comment];
}
