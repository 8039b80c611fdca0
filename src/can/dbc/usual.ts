import {
  type Draft,
  type DraftMessage,
  type DraftSignal,
  NO_ATTRIBUTES,
  NO_NODE,
  setAttribute,
  type Target,
} from "./draft.js";
import type { DbcNumber } from "./number.js";
import type { Scanner } from "./scanner.js";

/*
 * Nearly all of a file are signals, comments, attributes and value names, one on a line, with the blanks that all programs put
 * between their parts. Those are read here, by one regular expression each, which costs a fraction of going from character to
 * character as long as nothing is compiled: a program reads its file once. What differs in any way, or needs a warning, is
 * not taken and left to the readers of the grammar, which give the same for what is taken.
 */

/** Lengths have limits, so that no file makes an expression go far back. */
const NAME = "([A-Za-z_][A-Za-z0-9_]{0,127})";
const TEXT = '"([^"\\\\\\r\\n]{0,127})"';
const ID = "(\\d{1,10})";
const INTEGER = "-?\\d{1,15}";
const NUMBER = `(${INTEGER}(?:\\.\\d{1,15})?)`;
const OBJECT = `(SG_|BO_) ${ID} (?:${NAME} )?`;

const signal = new RegExp(
  `SG_ ${NAME} (?:(M|m\\d{1,15}M?) )?: (\\d{1,5})\\|(\\d{1,5})@([01])([+-]) \\(${NUMBER},${NUMBER}\\) ` +
    `\\[${NUMBER}\\|${NUMBER}\\] ${TEXT} {1,2}([A-Za-z0-9_, ]{1,512}?)[ \\t]{0,8}(?=[\\r\\n])`,
  "y",
);
const receiver = /^[A-Za-z_][A-Za-z0-9_]*$/;
const comment = new RegExp(`CM_ ${OBJECT}(?=")`, "y");
const attribute = new RegExp(`BA_ ${TEXT} ${OBJECT}(?:${NUMBER}|${TEXT});`, "y");
const values = new RegExp(`VAL_ ${ID} ${NAME}((?: ${INTEGER} ${TEXT}){1,64}) ?;`, "y");
const value = new RegExp(` (${INTEGER}) ${TEXT}`, "y");

/** No name in JavaScript, which the readers of the grammar refuse. */
const RESERVED = "__proto__";

/** The first letters of the statements of this file. */
const C = 0x43;
const B = 0x42;
const V = 0x56;

/** Takes the statement that comes next if it is written the usual way and is about something that was declared. */
export function readUsual(draft: Draft): boolean {
  switch (draft.scanner.peekUnit()) {
    case C:
      return readComment(draft);
    case B:
      return readAttribute(draft);
    case V:
      return readValues(draft);
    default:
      return false;
  }
}

/** Takes the signal that comes next if it is written the usual way. */
export function readUsualSignal(draft: Draft, message: DraftMessage, line: number): boolean {
  const found = draft.scanner.match(signal);
  const receivers = found === undefined ? undefined : readReceivers(draft, found[12] as string);
  if (found === undefined || receivers === undefined || found[1] === RESERVED) return false;
  draft.scanner.advance(found[0].length);
  const made = makeSignal(found, receivers, line);
  message.signals.push(made);
  if (!message.bySymbol.has(made.symbol)) message.bySymbol.set(made.symbol, made);
  return true;
}

/** Groups are taken by number: taking an array apart is slow until it is compiled. */
function makeSignal(found: RegExpExecArray, receivers: readonly string[], line: number): DraftSignal {
  const symbol = found[1] as string;
  const mark = found[2];
  const made: DraftSignal = {
    name: symbol,
    symbol,
    startBit: Number(found[3]),
    lengthBits: Number(found[4]),
    byteOrder: found[5] === "1" ? "little" : "big",
    type: found[6] === "-" ? "signed" : "unsigned",
    factor: toNumber(found[7]),
    offset: toNumber(found[8]),
    unit: found[11] as string,
    receivers,
    isMultiplexer: mark?.endsWith("M") === true,
    attributes: NO_ATTRIBUTES,
    line,
  };
  const min = toNumber(found[9]);
  const max = toNumber(found[10]);
  if (min !== 0 || max !== 0) {
    made.min = min;
    made.max = max;
  }
  if (mark?.startsWith("m") === true) made.multiplexValue = Number.parseInt(mark.slice(1), 10);
  return made;
}

/** Most signals of a file have the receivers of the one before. */
function readReceivers(draft: Draft, text: string): readonly string[] | undefined {
  const known = draft.receiversByText.get(text);
  if (known !== undefined) return known;
  const names = text.split(/, ?/);
  if (!names.every((name) => receiver.test(name) && name !== RESERVED)) return undefined;
  const receivers = names.filter((name) => name !== NO_NODE);
  draft.receiversByText.set(text, receivers);
  return receivers;
}

function readComment(draft: Draft): boolean {
  const { scanner } = draft;
  const found = scanner.match(comment);
  const target = found === undefined ? undefined : find(draft, found, 1);
  if (found === undefined || target === undefined || !endsAfterString(scanner, found[0].length)) return false;
  scanner.advance(found[0].length);
  target.comment = scanner.string("a comment");
  scanner.advance(1);
  return true;
}

/** Whether the string that begins so many characters further on is followed by a semicolon. */
function endsAfterString({ text, at }: Scanner, offset: number): boolean {
  const end = text.indexOf('"', at + offset + 1);
  return text.charCodeAt(end - 1) !== 0x5c && text.charCodeAt(end + 1) === 0x3b && end > 0;
}

function readAttribute(draft: Draft): boolean {
  const found = draft.scanner.match(attribute);
  const target = found === undefined ? undefined : find(draft, found, 2);
  if (found === undefined || target === undefined) return false;
  setAttribute(target, found[1] as string, found[6] ?? toNumber(found[5]));
  draft.scanner.advance(found[0].length);
  return true;
}

function readValues(draft: Draft): boolean {
  const found = draft.scanner.match(values);
  const target = found && draft.messagesById.get(Number(found[1]))?.bySymbol.get(found[2] as string);
  if (found === undefined || target === undefined) return false;
  const list = found[3] as string;
  const names = new Map<DbcNumber, string>();
  value.lastIndex = 0;
  for (let pair = value.exec(list); pair !== null; pair = value.exec(list)) {
    const key = toNumber(pair[1]);
    if (names.has(key)) return false;
    names.set(key, pair[2] as string);
  }
  target.valueNames = names;
  draft.scanner.advance(found[0].length);
  return true;
}

/** The object that the groups from `first` on name: keyword, id and, of a signal, its name. */
function find(draft: Draft, found: RegExpExecArray, first: number): Target | undefined {
  const message = draft.messagesById.get(Number(found[first + 1]));
  const name = found[first + 2];
  if (found[first] === "BO_") return name === undefined ? message : undefined;
  return name === undefined ? undefined : message?.bySymbol.get(name);
}

/** There is no negative zero in a file. */
function toNumber(text: string | undefined): number {
  return Number(text) || 0;
}
