import { wrongType } from "../../schema/refusal.js";
import type { Decoder, Encoder, Engine, ReadForm, Values, WriteForm } from "./engine.js";
import type { DbcNumber } from "./number.js";
import type { CodecSettings } from "./options.js";
import type { MessagePlan, SignalPlan } from "./plan.js";
import { readRaw, writeRaw } from "./raw.js";
import { givenNames, isActive, refuseData, refuseNames, unknownMultiplexer } from "./refuse.js";
import { toPhysical } from "./scale.js";
import { toFittingRaw, toRaw } from "./to-raw.js";

/**
 * The engine that walks the plan for every message: what generated code must agree with, what stands in for it where the
 * process forbids code generation, and what reads a payload that is too short.
 */
export const interpreter: Engine = { decoder: interpretDecoder, encoder: interpretEncoder };

function interpretDecoder(plan: MessagePlan, form: ReadForm, settings: CodecSettings): Decoder {
  const read = (signals: readonly SignalPlan[], data: Uint8Array, values: Values): void => {
    for (const signal of signals) {
      if (signal.bytesNeeded > data.length) continue;
      const raw = readRaw(signal.shape, data);
      values[signal.name] = present(signal, raw, form);
      follow(signal, raw, settings, (branch) => read(branch, data, values));
    }
  };
  return (data) => {
    const isShort = !(data instanceof Uint8Array) || data.length < plan.message.lengthBytes;
    if (isShort && (settings.truncated === "error" || !(data instanceof Uint8Array))) throw refuseData(plan, data);
    const values: Values = {};
    read(plan.signals, data, values);
    return values;
  };
}

function interpretEncoder(plan: MessagePlan, form: WriteForm, settings: CodecSettings): Encoder {
  const write = (signals: readonly SignalPlan[], values: Values, data: Uint8Array, written: Set<string>): void => {
    for (const signal of signals) {
      const value = values[signal.name];
      const raw = form === "raw" ? toFittingRaw(signal, value) : toRaw(signal, value, settings.range);
      writeRaw(signal.shape, raw, data);
      written.add(signal.name);
      follow(signal, raw, settings, (branch) => write(branch, values, data, written));
    }
  };
  return (values, data) => {
    if (typeof values !== "object" || values === null)
      throw wrongType("an object with a property for each signal", values);
    const written = new Set<string>();
    write(plan.signals, values, data, written);
    if (givenNames(values).some((name) => !written.has(name))) throw refuseNames(plan, values, written);
  };
}

/** The form of a raw value that the caller asked for. */
function present(signal: SignalPlan, raw: DbcNumber, form: ReadForm): DbcNumber | string {
  if (form === "raw") return raw;
  return (form === "named" ? signal.names.get(raw) : undefined) ?? toPhysical(signal.scale, raw);
}

/** Goes on with the signals that hang on a multiplexer. */
function follow(
  signal: SignalPlan,
  raw: DbcNumber,
  { unknownMultiplexer: policy }: CodecSettings,
  enter: (signals: readonly SignalPlan[]) => void,
): void {
  const active = signal.branches.filter((branch) => isActive(branch, raw));
  if (active.length === 0 && signal.branches.length > 0 && policy === "error") throw unknownMultiplexer(signal, raw);
  for (const branch of active) enter(branch.signals);
}
