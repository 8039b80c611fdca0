import { Refusal } from "../../schema/refusal.js";
import { type CanFrame, dataFrame, fdFrame } from "../frame.js";
import type { CanId } from "../id.js";
import { cycleTimeMs, hasBitRateSwitch, isFdMessage, isJ1939Message, startValue } from "./attribute.js";
import { compiler } from "./compile.js";
import type { Decoder, Encoder, Engine, ReadForm, Values, WriteForm } from "./engine.js";
import { interpreter } from "./interpret.js";
import type { Dbc, DbcMessage, DbcSignal } from "./model.js";
import type { DbcNumber } from "./number.js";
import { type CodecOptions, type CodecSettings, checkCodecOptions } from "./options.js";
import { type MessagePlan, planMessage, type SignalPlan } from "./plan.js";
import { isActive } from "./refuse.js";
import type { SignalValue } from "./to-raw.js";

/** Values without the names: what is left of `"Off" | "On" | number` is `number`. */
export type Physical<V> = { [K in keyof V]: Exclude<V[K], string> };

/**
 * Turns the payload of one message into values of its signals and back.
 *
 * A physical value is a number, or a bigint where factor and offset are integers and it can be beyond ±(2^53 - 1); a raw value is
 * a number, or a bigint of a signal of more than 53 bits. Signals of a multiplexer are there only with its values.
 *
 * @typeParam V the values by signal, as `intercell gen ts` writes them.
 * @typeParam R the same, raw.
 */
export interface MessageCodec<V = Record<string, SignalValue>, R = Record<string, DbcNumber>> {
  readonly name: string;
  readonly id: CanId;
  readonly lengthBytes: number;
  readonly message: DbcMessage;
  /** Whether the message is a CAN FD frame. */
  readonly isFd: boolean;
  /** GenMsgCycleTime; undefined if the message has none. */
  readonly cycleTimeMs: number | undefined;
  /** Signals that have no place: outside the message, of no bits or more than 64, or a second one of their name. */
  readonly leftOut: readonly DbcSignal[];
  /**
   * Physical values, and names where the raw value has one. Limits are not looked at. Bytes after the message are ignored.
   *
   * @throws IntercellError `ERR_DECODE` for a payload that is too short, or an unknown multiplexer, unless the options allow it.
   */
  decode(data: Uint8Array): V;
  /** As {@link decode}, without names. */
  decodePhysical(data: Uint8Array): Physical<V>;
  /** As {@link decode}, raw values. */
  decodeRaw(data: Uint8Array): R;
  /**
   * A new payload from physical values and names. All signals that are there with these multiplexers must be given.
   *
   * @throws TypeError or RangeError that names the signal.
   */
  encode(values: V): Uint8Array<ArrayBuffer>;
  /** As {@link encode}, from raw values; limits are not looked at. */
  encodeRaw(values: R): Uint8Array<ArrayBuffer>;
  /**
   * As {@link encode}, into the first bytes of an array. If it throws, some of them may have been written.
   *
   * @returns the bytes of the message.
   * @throws RangeError if the array is too short.
   */
  encodeInto(values: V, target: Uint8Array): number;
  /**
   * A data or CAN FD frame with these values.
   *
   * @throws as {@link encode}, and RangeError for a message that is too long for a frame.
   */
  frame(values: V): CanFrame;
  /** The values at first: GenSigStartValue, or raw 0, of all signals that are then there. */
  initial(): V;
}

/**
 * Makes the codec of a message. Its functions are generated when each is first called, or interpreted where the process
 * forbids code generation.
 *
 * @param dbc whose attributes tell the kind of frame.
 * @throws TypeError or RangeError if an option is wrong; IntercellError `ERR_CONFIG` for a message in which so many multiplexers
 * share names that its signals would have more than 16 places each.
 */
export function createMessageCodec<V = Record<string, SignalValue>, R = Record<string, DbcNumber>>(
  dbc: Dbc,
  message: DbcMessage,
  options: CodecOptions = {},
): MessageCodec<V, R> {
  return buildCodec(
    dbc,
    message,
    checkCodecOptions("createMessageCodec", options),
    compileIfAllowed,
  ) as unknown as MessageCodec<V, R>;
}

/** The compiler, or the interpreter in its place where the process forbids code generation. */
const compileIfAllowed: Engine = {
  decoder: (...given) => unlessForbidden(() => compiler.decoder(...given)) ?? interpreter.decoder(...given),
  encoder: (...given) => unlessForbidden(() => compiler.encoder(...given)) ?? interpreter.encoder(...given),
};

function unlessForbidden<T>(generate: () => T): T | undefined {
  try {
    return generate();
  } catch (fault) {
    if (fault instanceof EvalError) return undefined;
    throw fault;
  }
}

/** {@link createMessageCodec} with the engine of choice. */
export function buildCodec(
  dbc: Dbc,
  message: DbcMessage,
  settings: CodecSettings,
  engine: Engine,
): MessageCodec<Values, Values> {
  const plan = planMessage(message);
  const fill = settings.fill ?? (isJ1939Message(dbc, message) ? 0xff : 0);
  const isFd = isFdMessage(dbc, message);
  const decodeAs = (form: ReadForm) => lazyDecoder(message.name, () => engine.decoder(plan, form, settings));
  const encodeAs = (form: WriteForm) => lazyEncoder(message, fill, () => engine.encoder(plan, form, settings));
  const [decode, encodePhysical, encodeRaw] = [decodeAs("named"), encodeAs("physical"), encodeAs("raw")];
  const encode = (values: Values) => allocate(message, (data) => encodePhysical(values, data));
  return Object.freeze({
    ...{ name: message.name, id: message.id, lengthBytes: message.lengthBytes, message, isFd },
    cycleTimeMs: cycleTimeMs(dbc, message),
    leftOut: plan.leftOut,
    decode,
    decodePhysical: decodeAs("physical"),
    decodeRaw: decodeAs("raw"),
    encode,
    encodeRaw: (values: Values) => allocate(message, (data) => encodeRaw(values, data)),
    encodeInto: encodePhysical,
    frame: (values: Values) => {
      const data = encode(values);
      return isFd
        ? fdFrame(message.id, data, { bitRateSwitch: hasBitRateSwitch(dbc, message) })
        : dataFrame(message.id, data);
    },
    initial: () => decode(allocate(message, (data) => encodeRaw(initialRaw(dbc, plan), data))),
  }) as MessageCodec<Values, Values>;
}

function allocate({ lengthBytes }: DbcMessage, encodeInto: (data: Uint8Array) => number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(lengthBytes);
  encodeInto(data);
  return data;
}

/** A decoder that is made at its first call, and whose refusals are faults of the bytes. */
function lazyDecoder(name: string, make: () => Decoder): Decoder {
  let decoder: Decoder | undefined;
  return (data) => {
    decoder ??= make();
    try {
      return decoder(data);
    } catch (fault) {
      if (!(fault instanceof Refusal)) throw fault;
      throw fault.ofType ? new TypeError(`Cannot decode ${name}: ${fault.message}`) : fault.toFault(name);
    }
  };
}

/** An encoder that is made at its first call, and whose refusals are mistakes in the values. */
function lazyEncoder(
  { name, lengthBytes }: DbcMessage,
  fill: number,
  make: () => Encoder,
): (values: Values, data: Uint8Array) => number {
  let encoder: Encoder | undefined;
  return (values, data) => {
    encoder ??= make();
    if (!(data instanceof Uint8Array) || data.length < lengthBytes) {
      const found = data instanceof Uint8Array ? `${data.length}` : "none";
      throw new RangeError(
        `Cannot encode ${name}: wanted a Uint8Array of ${lengthBytes} bytes or more, found ${found}`,
      );
    }
    data.fill(fill, 0, lengthBytes);
    try {
      encoder(values, data);
    } catch (fault) {
      throw fault instanceof Refusal ? fault.toMistake(name) : fault;
    }
    return lengthBytes;
  };
}

/** Raw values at first, of what is there with them. A start value that the bits cannot hold is taken as 0. */
function initialRaw(dbc: Dbc, plan: MessagePlan): Values {
  const values: Values = {};
  const collect = (signals: readonly SignalPlan[]): void => {
    for (const signal of signals) {
      const raw = initialOf(dbc, signal);
      values[signal.name] = raw;
      for (const branch of signal.branches) if (isActive(branch, raw)) collect(branch.signals);
    }
  };
  collect(plan.signals);
  return values;
}

function initialOf(dbc: Dbc, { signal, shape, scale, branches }: SignalPlan): DbcNumber {
  const start = startValue(dbc, signal);
  const isFloat = shape.type === "float32" || shape.type === "float64";
  const fits = isFloat || (Number.isInteger(Number(start)) && start >= scale.least && start <= scale.greatest);
  const raw = fits ? start : 0;
  // A multiplexer that would begin with nothing begins with its first branch.
  const isKnown = branches.length === 0 || branches.some((branch) => isActive(branch, raw));
  return isKnown ? raw : (branches[0]?.ranges[0]?.first ?? raw);
}
