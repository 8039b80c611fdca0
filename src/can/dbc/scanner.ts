import { ErrorCode, IntercellError } from "../../errors.js";
import type { FindingList } from "./finding.js";
import { type DbcNumber, parseNumber } from "./number.js";

/** Longest number in characters: the greatest double written in full, as C's `%f` does, has 316. */
const MAX_NUMBER_LENGTH = 400;

const strictName = /[A-Za-z_][A-Za-z0-9_]*/y;
/** What files have in the place of an identifier: it ends where punctuation of the grammar begins. */
const looseName = /[A-Za-z0-9_$.\-\u0080-\uffff]+/y;

/** Digits up to which an integer is exact while it is put together. */
const EXACT_DIGITS = 15;
const number = /[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const hexNumber = /0[xX][0-9a-fA-F]+/y;

/** Reads a text from front to back, once, and knows the line. Blanks and comments before what is wanted are skipped. */
export class Scanner {
  readonly text: string;
  readonly #place: string;
  readonly #findings: FindingList;
  #at = 0;
  #line = 1;

  /** @param place where the text comes from, for messages. */
  constructor(text: string, place: string, findings: FindingList) {
    this.text = text;
    this.#place = place;
    this.#findings = findings;
  }

  /** Line of what comes next; counts from 1. */
  get line(): number {
    this.#skipBlanks();
    return this.#line;
  }

  get atEnd(): boolean {
    this.#skipBlanks();
    return this.#at >= this.text.length;
  }

  /** Place of what comes next in {@link text}, once something has skipped the blanks. */
  get at(): number {
    return this.#at;
  }

  /** The code unit that comes next; NaN at the end. */
  peekUnit(): number {
    this.#skipBlanks();
    return this.text.charCodeAt(this.#at);
  }

  /** What comes next if a sticky expression matches it, without taking it. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.text) ?? undefined;
  }

  /** Takes so many characters, which have no end of a line among them. */
  advance(length: number): void {
    this.#at += length;
  }

  /** Whether nothing but blanks is left of the line. Moves to its end or to what comes next on it. */
  get atLineEnd(): boolean {
    for (; this.#at < this.text.length; this.#at++) {
      const unit = this.text.charCodeAt(this.#at);
      if (unit === 0x0a || unit === 0x0d) return true;
      if (unit > 0x20) return unit === 0x2f && this.text.charCodeAt(this.#at + 1) === 0x2f;
    }
    return true;
  }

  /** The identifier that comes next, without taking it. */
  peekName(): string | undefined {
    this.#skipBlanks();
    return this.match(strictName)?.[0];
  }

  /** What comes next if it looks as the keywords of the format do: capitals, and an underscore at the end. */
  keyword(): string | undefined {
    const name = this.peekName();
    return name === "VERSION" || /^[A-Z][A-Z_]*_$/.test(name ?? "") ? name : undefined;
  }

  /** Whether this character comes next. */
  peek(character: string): boolean {
    this.#skipBlanks();
    return this.text.startsWith(character, this.#at);
  }

  /** Takes this character if it comes next. */
  take(character: string): boolean {
    const there = this.peek(character);
    if (there) this.#at += character.length;
    return there;
  }

  /** Takes this word if it comes next and is no more than the beginning of a longer one. */
  takeWord(word: string): boolean {
    this.#skipBlanks();
    const end = this.#at + word.length;
    if (!this.text.startsWith(word, this.#at) || isNameUnit(this.text.charCodeAt(end))) return false;
    this.#at = end;
    return true;
  }

  expect(character: string, after: string): void {
    if (!this.take(character)) this.fail(`"${character}" after ${after}`);
  }

  /** Takes a name, and warns of one that is no identifier. */
  name(what: string): string {
    this.#skipBlanks();
    let end = this.#at;
    while (isNameUnit(this.text.charCodeAt(end))) end += 1;
    const isStrict = end > this.#at && !isDigit(this.text.charCodeAt(this.#at));
    if (!isStrict || !isPunctuation(this.text.charCodeAt(end))) return this.#looseName(what);
    const name = this.text.slice(this.#at, end);
    // Assigning to a property of that name does something else in JavaScript.
    if (name === "__proto__") this.fail(`${what} other than __proto__`);
    this.#at = end;
    return name;
  }

  #looseName(what: string): string {
    const name = this.match(looseName)?.[0] ?? this.fail(what);
    this.#at += name.length;
    this.#findings.warning("name", this.#line, `${JSON.stringify(name)} is ${what} and no C identifier`);
    return name;
  }

  /** Takes a number with or without a sign. */
  number(what: string): DbcNumber {
    this.#skipBlanks();
    return this.#shortInteger() ?? this.#anyNumber(what);
  }

  /** Most numbers of a file are integers of few digits, and are read without making a text of them. */
  #shortInteger(): number | undefined {
    const isNegative = this.text.charCodeAt(this.#at) === 0x2d;
    const begin = isNegative ? this.#at + 1 : this.#at;
    let at = begin;
    let value = 0;
    let unit = this.text.charCodeAt(at);
    for (; isDigit(unit); unit = this.text.charCodeAt(at)) {
      value = value * 10 + unit - 0x30;
      at += 1;
    }
    // A point, an exponent or the x of a hexadecimal number goes on.
    if (at === begin || at - begin > EXACT_DIGITS || unit === 0x2e || isNameUnit(unit)) return undefined;
    this.#at = at;
    return isNegative && value !== 0 ? -value : value;
  }

  #anyNumber(what: string): DbcNumber {
    const found = this.match(hexNumber)?.[0] ?? this.match(number)?.[0] ?? this.fail(what);
    if (found.length > MAX_NUMBER_LENGTH) this.fail(`${what} of up to ${MAX_NUMBER_LENGTH} characters`);
    const value = parseNumber(found);
    if (typeof value === "number" && !Number.isFinite(value)) this.fail(`${what} within double precision`);
    this.#at += found.length;
    return value;
  }

  /** Takes an integer from 0 to `most`. */
  count(what: string, most: number): number {
    this.#skipBlanks();
    const begin = this.#at;
    const value = this.#shortInteger() ?? this.#anyNumber(`${what} from 0 to ${most}`);
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most) return value;
    this.#at = begin;
    return this.fail(`${what} from 0 to ${most}`);
  }

  /** Takes an integer that passes a test. */
  integer(what: string, passes: (value: number) => boolean): number {
    this.#skipBlanks();
    const begin = this.#at;
    const value = this.number(what);
    if (typeof value === "number" && Number.isInteger(value) && passes(value)) return value;
    this.#at = begin;
    return this.fail(what);
  }

  /** Takes a string in quotation marks, which may go over several lines; `\"` in it is a quotation mark. */
  string(what: string): string {
    if (!this.peek('"')) this.fail(`${what} in quotation marks`);
    const begin = this.#at + 1;
    let end = begin;
    for (;;) {
      end = this.text.indexOf('"', end);
      if (end < 0) this.fail(`${what} that ends with a quotation mark`);
      if (end === begin || this.text.charAt(end - 1) !== "\\") break;
      end += 1;
    }
    const content = this.text.slice(begin, end);
    this.#at = end + 1;
    if (content.includes("\n") || content.includes("\r")) this.#countLines(begin, end);
    return content.includes("\\") ? content.replaceAll('\\"', '"') : content;
  }

  /** Whether a digit comes next. */
  peekDigit(): boolean {
    this.#skipBlanks();
    return isDigit(this.text.charCodeAt(this.#at));
  }

  /** Whether a name comes next and nothing else is on its line. */
  nameAloneOnLine(): boolean {
    const name = this.peekName();
    if (name === undefined) return false;
    let at = this.#at + name.length;
    while (" \t".includes(this.text.charAt(at)) && at < this.text.length) at += 1;
    return at === this.text.length || "\r\n".includes(this.text.charAt(at));
  }

  /** Takes what is left of the line, without blanks at its ends. */
  restOfLine(): string {
    const begin = this.#at;
    while (this.#at < this.text.length && !"\r\n".includes(this.text.charAt(this.#at))) this.#at += 1;
    return this.text.slice(begin, this.#at).trim();
  }

  /** Takes one character of any kind, for what is not understood. */
  skipCharacter(): void {
    this.#skipBlanks();
    this.#at += 1;
  }

  /** @throws IntercellError `ERR_CONFIG` that names the line, what was wanted and what comes next. */
  fail(wanted: string): never {
    this.#skipBlanks();
    const found = this.#at >= this.text.length ? "the end" : JSON.stringify(this.#excerpt());
    const message = `Cannot read ${this.#place}, line ${this.#line}: wanted ${wanted}, found ${found}`;
    throw new IntercellError(ErrorCode.CONFIG, message, { path: this.#place });
  }

  #excerpt(): string {
    const rest = this.text.slice(this.#at, this.#at + 40);
    const line = rest.split(/[\r\n]/, 1)[0] ?? "";
    return line.length > 24 ? `${line.slice(0, 24)}...` : line;
  }

  #skipBlanks(): void {
    for (; this.#at < this.text.length; this.#at++) {
      const unit = this.text.charCodeAt(this.#at);
      if (unit === 0x0a) this.#line += 1;
      // A carriage return alone ends a line too, as old programs for the Macintosh wrote it.
      else if (unit === 0x0d) this.#line += this.text.charCodeAt(this.#at + 1) === 0x0a ? 0 : 1;
      else if (unit === 0x2f && this.text.charCodeAt(this.#at + 1) === 0x2f) this.#skipComment();
      else if (unit > 0x20 && unit !== 0xfeff && unit !== 0xa0) return;
    }
  }

  #skipComment(): void {
    this.#findings.warning("comment-syntax", this.#line, "a comment after // is no part of the format");
    while (this.#at + 1 < this.text.length && !"\r\n".includes(this.text.charAt(this.#at + 1))) this.#at += 1;
  }

  #countLines(begin: number, end: number): void {
    for (let at = begin; at < end; at++) {
      const unit = this.text.charCodeAt(at);
      if (unit === 0x0a || (unit === 0x0d && this.text.charCodeAt(at + 1) !== 0x0a)) this.#line += 1;
    }
  }
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** Whether a character can be part of an identifier; NaN, which stands for the end, can not. */
function isNameUnit(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || isDigit(unit) || unit === 0x5f;
}

/** Whether a character ends a name in files of any kind: it is neither `$`, `.`, `-` nor beyond ASCII. */
function isPunctuation(unit: number): boolean {
  return !(unit === 0x24 || unit === 0x2e || unit === 0x2d || unit >= 0x80);
}
