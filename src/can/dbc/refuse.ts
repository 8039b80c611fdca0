import { Refusal, wrongType } from "../../schema/refusal.js";
import type { Values } from "./engine.js";
import type { DbcNumber } from "./number.js";
import type { Branch, MessagePlan, SignalPlan } from "./plan.js";

/** Whether a multiplexer's raw value lies in one of the ranges of a branch. */
export function isActive({ ranges }: Branch, raw: DbcNumber): boolean {
  return ranges.some(({ first, last }) => raw >= first && raw <= last);
}

/** The refusal of a value of a multiplexer with which none of its signals are there. */
export function unknownMultiplexer({ name, branches }: SignalPlan, raw: DbcNumber): Refusal {
  const known = branches.flatMap(({ ranges }) => ranges).map(({ first, last }) => describeRange(first, last));
  const shown = [...new Set(known)].slice(0, 8);
  const more = known.length > shown.length ? ", ..." : "";
  return new Refusal(`wanted a multiplexer of ${shown.join(", ")}${more}, found ${raw}`, false).within(`.${name}`);
}

function describeRange(first: DbcNumber, last: DbcNumber): string {
  return first === last ? String(first) : `${first} to ${last}`;
}

/** The refusal of a payload that is too short, or none at all. */
export function refuseData({ message }: MessagePlan, data: unknown): Refusal {
  if (!(data instanceof Uint8Array)) return wrongType("a Uint8Array", data);
  return new Refusal(`wanted ${message.lengthBytes} bytes, found ${data.length}`, false);
}

/** The names that are given: properties of their own that are not undefined. */
export function givenNames(values: Values): string[] {
  return Object.keys(values).filter((name) => values[name] !== undefined);
}

/** The refusal of values of which some belong to no signal, or to none that is there with these multiplexers. */
export function refuseNames(plan: MessagePlan, values: Values, written: ReadonlySet<string>): Refusal {
  const strange = givenNames(values).find((name) => !written.has(name)) ?? "";
  const shown = JSON.stringify(strange);
  if (plan.names.has(strange)) {
    return new Refusal(`wanted nothing for ${shown}, which is not there with these multiplexers`, true);
  }
  const leftOut = plan.leftOut.some((signal) => signal.name === strange);
  const why = leftOut ? "which has no place in the message" : "which is no signal of the message";
  return new Refusal(`wanted nothing for ${shown}, ${why}`, true);
}
