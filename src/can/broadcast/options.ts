import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import { requireBoolean, requireInteger } from "../bus-options.js";
import { requireCarried } from "../carriage.js";
import { MAX_CLASSIC_LENGTH, MAX_FD_LENGTH } from "../dlc.js";
import type { CanFrame } from "../frame.js";
import { type CanId, isCanId } from "../id.js";
import {
  MAX_CYCLE_FRAMES,
  MAX_PERIOD_MS,
  type MultiplexPage,
  type TransmitOptions,
  type UpdateOptions,
  type WatchOptions,
} from "./broadcast.js";

const US_PER_MS = 1000;

/** {@link TransmitOptions}, checked, in microseconds. 0 for none. */
export interface CheckedCycle {
  readonly periodUs: number;
  readonly count: number;
  readonly thenPeriodUs: number;
}

/** {@link WatchOptions}, checked. `pages` of a mask without multiplexer is one with the whole of `mask`. */
export interface CheckedWatch {
  readonly fd: boolean;
  /** Undefined if each frame is told. */
  readonly mask: Uint8Array | undefined;
  readonly multiplexMask: Uint8Array | undefined;
  readonly pages: readonly MultiplexPage[];
  readonly length: boolean;
  readonly throttleUs: number;
  readonly timeoutUs: number;
  readonly announceResume: boolean;
}

export function checkCycle(options: TransmitOptions): CheckedCycle {
  requireKnownKeys("transmit", options, ["periodMs", "count", "thenPeriodMs"]);
  const { periodMs, count, thenPeriodMs } = options;
  if (count !== undefined) requireInteger("count", count, 1, 0xffff_ffff);
  else if (thenPeriodMs !== undefined) throw new TypeError("thenPeriodMs of a cycle needs a count");
  const thenPeriodUs = thenPeriodMs === undefined ? 0 : requirePeriod("thenPeriodMs", thenPeriodMs);
  return { periodUs: requirePeriod("periodMs", periodMs), count: count ?? 0, thenPeriodUs };
}

export function checkUpdate(options: UpdateOptions): { readonly now: boolean; readonly restart: boolean } {
  requireKnownKeys("update", options, ["now", "restart"]);
  const { now = false, restart = false } = options;
  requireBoolean("now", now);
  requireBoolean("restart", restart);
  return { now, restart };
}

/** The frames of a cycle as a list. @throws TypeError or RangeError unless they are as `transmit` wants them. */
export function checkCycleFrames(
  name: string,
  fd: boolean,
  frames: CanFrame | readonly CanFrame[],
): readonly CanFrame[] {
  const list = (Array.isArray(frames) ? frames : [frames]) as readonly CanFrame[];
  if (list.length < 1 || list.length > MAX_CYCLE_FRAMES) {
    throw new RangeError(`A cycle has 1 to ${MAX_CYCLE_FRAMES} frames, not ${list.length}`);
  }
  for (const frame of list) {
    requireCarried({ name, fd, xl: false }, frame);
    if (frame.kind === "error") throw new RangeError("A cycle has no error frames");
    if ((frame.kind === "fd") !== (list[0]?.kind === "fd")) {
      throw new RangeError("The frames of a cycle are all CAN FD, or none is");
    }
  }
  return list;
}

/** @throws RangeError if new frames of a cycle do not go with those before. */
export function requireSuccessors(frames: readonly CanFrame[], before: readonly CanFrame[]): void {
  if (frames.length > before.length) {
    throw new RangeError(`A cycle of ${before.length} frames cannot go on with ${frames.length}: begin another one`);
  }
  if ((frames[0]?.kind === "fd") !== (before[0]?.kind === "fd")) {
    throw new RangeError("A cycle of CAN FD frames goes on with such frames, and one of classic ones with those");
  }
}

export function checkWatch(id: CanId, options: WatchOptions): CheckedWatch {
  if (!isCanId(id)) throw new RangeError(`An id to watch is made by standardId() or extendedId(), not ${id}`);
  requireKnownKeys("watch", options, [
    ...["fd", "mask", "multiplexMask", "pages", "length", "throttleMs", "timeoutMs", "announceResume"],
  ]);
  const { fd = false, mask, multiplexMask, pages, length = false, announceResume = false } = options;
  for (const [name, value] of Object.entries({ fd, length, announceResume })) requireBoolean(name, value);
  const most = fd ? MAX_FD_LENGTH : MAX_CLASSIC_LENGTH;
  if ((multiplexMask === undefined) !== (pages === undefined)) {
    throw new TypeError("multiplexMask and pages of a watch go together");
  }
  if (mask !== undefined && pages !== undefined) throw new TypeError("A watch has a mask or pages, not both");
  if (length && mask === undefined && pages === undefined)
    throw new TypeError("length of a watch needs a mask or pages");
  if (mask !== undefined) requireBytes("mask", mask, most);
  if (multiplexMask !== undefined) requireBytes("multiplexMask", multiplexMask, most);
  if (pages !== undefined && (pages.length < 1 || pages.length > MAX_CYCLE_FRAMES)) {
    throw new RangeError(`A watch has 1 to ${MAX_CYCLE_FRAMES} pages, not ${pages.length}`);
  }
  for (const page of pages ?? []) {
    requireKnownKeys("a page", page, ["value", "mask"]);
    requireBytes("value of a page", page.value, most);
    requireBytes("mask of a page", page.mask, most);
  }
  const { throttleMs = 0, timeoutMs = 0 } = options;
  const throttleUs = throttleMs === 0 ? 0 : requirePeriod("throttleMs", throttleMs);
  const timeoutUs = timeoutMs === 0 ? 0 : requirePeriod("timeoutMs", timeoutMs);
  return { fd, mask, multiplexMask, pages: pages ?? [], length, throttleUs, timeoutUs, announceResume };
}

/** The fault of watching an id twice. */
export function alreadyWatched(name: string, id: CanId): IntercellError {
  const found = `Cannot watch id 0x${id.toString(16)} on ${name} as it is watched already`;
  return new IntercellError(ErrorCode.IN_USE, `${found}. Close that watch, or open another broadcast manager.`);
}

/** Microseconds of a period in milliseconds. */
function requirePeriod(name: string, ms: number): number {
  const us = typeof ms === "number" ? Math.round(ms * US_PER_MS) : Number.NaN;
  if (us >= 1 && us <= MAX_PERIOD_MS * US_PER_MS) return us;
  throw new RangeError(`${name} is from 0.001 to ${MAX_PERIOD_MS} milliseconds, not ${ms}`);
}

function requireBytes(name: string, bytes: Uint8Array, most: number): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} is a Uint8Array`);
  if (bytes.length > most) throw new RangeError(`${name} has at most ${most} bytes, not ${bytes.length}`);
}
