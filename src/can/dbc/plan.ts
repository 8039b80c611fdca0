import { ErrorCode, IntercellError } from "../../errors.js";
import type { DbcMessage, DbcRange, DbcSignal } from "./model.js";
import type { DbcNumber } from "./number.js";
import { allowedRaw, type RawLimits } from "./range.js";
import { MAX_NUMBER_BITS, type RawShape } from "./raw.js";
import { createScale, type Scale } from "./scale.js";
import { bytesNeeded, MAX_SIGNAL_BITS, segmentsOf } from "./segment.js";

/** A signal as a codec sees it. */
export interface SignalPlan {
  readonly name: string;
  readonly signal: DbcSignal;
  readonly bytesNeeded: number;
  readonly shape: RawShape;
  readonly scale: Scale;
  /** Raw values within the limits of the file and of the bits. */
  readonly limits: RawLimits;
  /** Names by raw value, in the type that raw values have; empty if there are none. */
  readonly names: ReadonlyMap<DbcNumber, string>;
  /** The first raw value of each name. */
  readonly values: ReadonlyMap<string, DbcNumber>;
  /** What hangs on this multiplexer; empty for other signals. */
  readonly branches: readonly Branch[];
}

/** Signals that are there while a multiplexer has one of these raw values. */
export interface Branch {
  readonly ranges: readonly DbcRange[];
  readonly signals: readonly SignalPlan[];
}

/** A message as a codec sees it. */
export interface MessagePlan {
  readonly message: DbcMessage;
  /** Signals that are always there. */
  readonly signals: readonly SignalPlan[];
  /** Names of all signals that have a place in the codec. */
  readonly names: ReadonlySet<string>;
  /** Signals that have none: outside the message, of no or too many bits, or a second one of their name. */
  readonly leftOut: readonly DbcSignal[];
}

/** Names that are taken in a part of a message, and in what is there whenever that part is. */
interface Taken {
  readonly names: Set<string>;
  readonly above: Taken | undefined;
}

/**
 * Places of signals in a codec, for each signal of the message. One has several if multiplexers share a name, each of which then
 * has all that hangs on that name; nested, their number would double with each level.
 */
const MAX_PLACES = 16;

/** @throws IntercellError `ERR_CONFIG` if multiplexers that share names give signals too many places. */
export function planMessage(message: DbcMessage): MessagePlan {
  const children = new Map<string | undefined, DbcSignal[]>();
  for (const signal of message.signals.filter((one) => hasPlace(one, message))) {
    const parent = signal.multiplexing?.multiplexer;
    const siblings = children.get(parent) ?? [];
    siblings.push(signal);
    children.set(parent, siblings);
  }
  const names = new Set<string>();
  const planned = new Set<DbcSignal>();
  let places = 0;
  const plan = (parent: string | undefined, above: Taken | undefined): Branch[] =>
    groupByRanges(children.get(parent) ?? []).map((group) => {
      const taken: Taken = { names: new Set(), above };
      const fresh = group.filter((signal) => take(taken, signal.name));
      places += group.length;
      if (places > MAX_PLACES * message.signals.length) throw tooManyPlaces(message);
      const signals = fresh.map((signal) => {
        planned.add(signal);
        names.add(signal.name);
        return planSignal(signal, signal.isMultiplexer ? plan(signal.name, taken) : []);
      });
      return { ranges: group[0]?.multiplexing?.ranges ?? [], signals };
    });
  const signals = plan(undefined, undefined)[0]?.signals ?? [];
  return { message, signals, names, leftOut: message.signals.filter((signal) => !planned.has(signal)) };
}

function tooManyPlaces({ name }: DbcMessage): IntercellError {
  const fault = `Cannot make a codec of message ${name} as too many signals hang on multiplexers of the same name`;
  return new IntercellError(ErrorCode.CONFIG, `${fault}. Give each multiplexer a name of its own.`);
}

function hasPlace(signal: DbcSignal, message: DbcMessage): boolean {
  const { lengthBits } = signal;
  return lengthBits > 0 && lengthBits <= MAX_SIGNAL_BITS && bytesNeeded(signal) <= message.lengthBytes;
}

/** Takes a name unless it is taken. */
function take(taken: Taken, name: string): boolean {
  for (let part: Taken | undefined = taken; part !== undefined; part = part.above) {
    if (part.names.has(name)) return false;
  }
  taken.names.add(name);
  return true;
}

/** Signals of the same ranges belong together. */
function groupByRanges(signals: readonly DbcSignal[]): DbcSignal[][] {
  const groups = new Map<string, DbcSignal[]>();
  for (const signal of signals) {
    const key = (signal.multiplexing?.ranges ?? []).map(({ first, last }) => `${first}-${last}`).join();
    const group = groups.get(key) ?? [];
    group.push(signal);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** How the bits of a signal are a raw value. */
export function shapeOf(signal: DbcSignal): RawShape {
  const { type, lengthBits } = signal;
  const isInteger = type === "unsigned" || type === "signed";
  return { type, lengthBits, segments: segmentsOf(signal), isBig: isInteger && lengthBits > MAX_NUMBER_BITS };
}

/** The types that the values of a signal have in JavaScript, where no name takes the place of one. */
export interface ValueTypes {
  readonly physical: "number" | "bigint";
  readonly raw: "number" | "bigint";
}

export function valueTypes(signal: DbcSignal): ValueTypes {
  const shape = shapeOf(signal);
  const { kind } = createScale(shape, signal.factor, signal.offset);
  return { physical: kind === "bigint" ? "bigint" : "number", raw: shape.isBig ? "bigint" : "number" };
}

function planSignal(signal: DbcSignal, branches: readonly Branch[]): SignalPlan {
  const { name, factor, offset } = signal;
  const shape = shapeOf(signal);
  const scale = createScale(shape, factor, offset);
  const names = new Map<DbcNumber, string>();
  const values = new Map<string, DbcNumber>();
  for (const [value, text] of signal.valueNames ?? []) {
    const raw = shape.isBig ? toBig(value) : Number(value);
    if (raw === undefined || raw < scale.least || raw > scale.greatest) continue;
    names.set(raw, text);
    if (!values.has(text)) values.set(text, raw);
  }
  const limits = allowedRaw(signal, shape, scale);
  return { name, signal, bytesNeeded: bytesNeeded(signal), shape, scale, limits, names, values, branches };
}

function toBig(value: DbcNumber): bigint | undefined {
  return typeof value === "bigint" || Number.isInteger(value) ? BigInt(value) : undefined;
}
