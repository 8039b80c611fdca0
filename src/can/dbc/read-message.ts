import { type CanId, extendedId, MAX_EXTENDED_ID, MAX_STANDARD_ID, standardId } from "../id.js";
import { type Draft, type DraftMessage, type DraftSignal, NO_ATTRIBUTES, NO_NODE } from "./draft.js";
import type { DbcRange } from "./model.js";
import type { DbcNumber } from "./number.js";
import type { Scanner } from "./scanner.js";
import { readUsualSignal } from "./usual.js";

/** Name and id, as the file has it, of the message that holds signals of no message. */
export const ORPHANAGE = "VECTOR__INDEPENDENT_SIG_MSG";
export const ORPHANAGE_ID = 0xc000_0000;

/** Most bytes of a message in a file: more than any transport protocol that such files describe. */
export const MAX_MESSAGE_BYTES = 0xffff;

/** Highest bit number and length of a signal in a file. */
const MAX_BITS = 8 * MAX_MESSAGE_BYTES;

const EXTENDED_FLAG = 0x8000_0000;

/** Takes the id of a message as the file has it, with the flag. */
export function readId(scanner: Scanner): number {
  return scanner.integer("a message id of 11 bits, or of 29 bits with bit 31 set", isId);
}

function isId(id: number): boolean {
  return id >= 0 && (id <= MAX_EXTENDED_ID || isFlagged(id) || id === ORPHANAGE_ID);
}

/** Whether an id of the file has the flag of extended ids and 29 bits. */
function isFlagged(id: number): boolean {
  return id >= EXTENDED_FLAG && id <= EXTENDED_FLAG + MAX_EXTENDED_ID;
}

/** The id of a message; what has more than 11 bits is extended, even without the flag. */
export function toCanId(id: number): CanId {
  if (isFlagged(id)) return extendedId(id - EXTENDED_FLAG);
  return id <= MAX_STANDARD_ID ? standardId(id) : extendedId(id & MAX_EXTENDED_ID);
}

/** `BO_ <id> <name>: <bytes> <sender>` and the signals that follow. */
export function readMessage(draft: Draft, line: number): void {
  const { scanner, findings } = draft;
  const id = readId(scanner);
  const symbol = scanner.name("a message name");
  scanner.expect(":", "the name of a message");
  const lengthBytes = scanner.count("a length in bytes", MAX_MESSAGE_BYTES);
  const sender = scanner.atLineEnd || scanner.peek(";") ? undefined : scanner.name("the name of a sender");
  if (sender === undefined) findings.warning("no-sender", line, `message ${symbol} names no sender, nor ${NO_NODE}`);
  tolerateSemicolon(draft, "BO_");
  const message: DraftMessage = {
    ...{ name: symbol, symbol, id: toCanId(id), lengthBytes, attributes: NO_ATTRIBUTES, line },
    ...(sender === undefined || sender === NO_NODE ? {} : { sender }),
    ...{ transmitters: [], signals: [], signalGroups: [], bySymbol: new Map() },
  };
  if (id > MAX_STANDARD_ID && id <= MAX_EXTENDED_ID) {
    const why = `message ${symbol} has the id ${id} of more than 11 bits without bit 31; it is taken as extended`;
    findings.warning("id-without-flag", line, why);
  }
  if (!draft.messagesById.has(id)) draft.messagesById.set(id, message);
  if (id !== ORPHANAGE_ID) draft.messages.push(message);
  for (;;) {
    const at = scanner.line;
    if (readUsualSignal(draft, message, at)) continue;
    if (!scanner.takeWord("SG_")) return;
    readSignal(draft, message, at);
  }
}

/** ` SG_ <name> [M|m<k>|m<k>M] : <start>|<length>@<order><sign> (<factor>,<offset>) [<min>|<max>] "<unit>" <receivers>` */
function readSignal(draft: Draft, message: DraftMessage, line: number): void {
  const { scanner, findings } = draft;
  const symbol = scanner.name("a signal name");
  const mark = scanner.peek(":") ? undefined : readMultiplexMark(scanner);
  scanner.expect(":", "the name of a signal");
  const startBit = scanner.count("a start bit", MAX_BITS);
  scanner.expect("|", "the start bit");
  const lengthBits = scanner.count("a length in bits", MAX_BITS);
  scanner.expect("@", "the length");
  const byteOrder = readByteOrder(scanner);
  const isSigned = readSign(scanner);
  const [factor, offset] = readPair(scanner, "(", ",", ")", "factor and offset");
  const limits = scanner.peek("[") ? readPair(scanner, "[", "|", "]", "minimum and maximum") : undefined;
  if (limits === undefined) findings.warning("no-limits", line, `signal ${symbol} has no [minimum|maximum]`);
  const unit = scanner.peek('"') ? scanner.string("a unit") : "";
  const receivers = readReceivers(scanner);
  tolerateSemicolon(draft, "SG_");
  const signal: DraftSignal = {
    name: symbol,
    symbol,
    startBit,
    lengthBits,
    byteOrder,
    type: isSigned ? "signed" : "unsigned",
    factor,
    offset,
    unit,
    receivers,
    isMultiplexer: mark?.isMultiplexer ?? false,
    attributes: NO_ATTRIBUTES,
    line,
  };
  if (limits !== undefined && (limits[0] !== 0 || limits[1] !== 0)) {
    signal.min = limits[0];
    signal.max = limits[1];
  }
  if (mark?.multiplexValue !== undefined) signal.multiplexValue = mark.multiplexValue;
  message.signals.push(signal);
  if (!message.bySymbol.has(symbol)) message.bySymbol.set(symbol, signal);
}

function readMultiplexMark(scanner: Scanner): { isMultiplexer: boolean; multiplexValue?: DbcNumber } {
  const wanted = '":" or a multiplexer mark such as M, m0 or m0M';
  const mark = scanner.peekName();
  const [, value, branches] = /^m(\d{1,20})(M?)$/.exec(mark ?? "") ?? [];
  if (mark === undefined || (mark !== "M" && value === undefined)) scanner.fail(wanted);
  scanner.take(mark);
  if (value === undefined) return { isMultiplexer: true };
  return { isMultiplexer: branches === "M", multiplexValue: Number(value) };
}

function readByteOrder(scanner: Scanner): "little" | "big" {
  if (scanner.take("1")) return "little";
  if (scanner.take("0")) return "big";
  return scanner.fail("a byte order, 1 (little-endian) or 0 (big-endian), after the @");
}

function readSign(scanner: Scanner): boolean {
  if (scanner.take("+")) return false;
  if (scanner.take("-")) return true;
  return scanner.fail("+ (unsigned) or - (signed) after the byte order");
}

/** Two numbers in brackets. */
export function readPair(
  scanner: Scanner,
  open: string,
  between: string,
  close: string,
  what: string,
): [DbcNumber, DbcNumber] {
  if (!scanner.take(open)) scanner.fail(`"${open}" before ${what}`);
  const first = scanner.number(what);
  if (!scanner.take(between)) scanner.fail(`"${between}" between ${what}`);
  const second = scanner.number(what);
  scanner.expect(close, what);
  return [first, second];
}

/** Names with commas or blanks between them to the end of the line; after a comma they may go on below. */
function readReceivers(scanner: Scanner): string[] {
  const receivers: string[] = [];
  let more = !scanner.atLineEnd;
  while (more && !scanner.peek(";")) {
    const receiver = scanner.name("the name of a receiver");
    if (receiver !== NO_NODE) receivers.push(receiver);
    const comma = !scanner.atLineEnd && scanner.take(",");
    more = !scanner.atLineEnd || (comma && scanner.keyword() === undefined);
  }
  return receivers;
}

function tolerateSemicolon({ scanner, findings }: Draft, keyword: string): void {
  if (scanner.atLineEnd || !scanner.peek(";")) return;
  findings.warning("semicolon", scanner.line, `${keyword} does not end with a semicolon`);
  scanner.take(";");
}

/** `SG_MUL_VAL_ <id> <signal> <multiplexer> <first>-<last>, …;` */
export function readExtendedMultiplexing(draft: Draft, line: number): void {
  const { scanner } = draft;
  const id = readId(scanner);
  const signal = scanner.name("a signal name");
  const multiplexer = scanner.name("the name of a multiplexer");
  const ranges: DbcRange[] = [];
  do {
    const first = scanner.count("the first value of a range", Number.MAX_SAFE_INTEGER);
    scanner.expect("-", "the first value of a range");
    const last = scanner.count("the last value of a range", Number.MAX_SAFE_INTEGER);
    ranges.push({ first, last });
  } while (scanner.take(",") || scanner.peekDigit());
  draft.later(() => {
    const message = draft.findMessage(id, line);
    if (message === undefined) return;
    const entries = draft.multiplexings.get(message) ?? [];
    entries.push({ signal, multiplexer, ranges, line });
    draft.multiplexings.set(message, entries);
  });
}
