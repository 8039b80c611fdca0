import type { FindingList } from "./finding.js";
import type { DbcMessage, DbcMultiplexing, DbcSignal } from "./model.js";
import { MAX_MULTIPLEX_DEPTH } from "./multiplexing.js";
import { bytesNeeded, MAX_SIGNAL_BITS, type Segment, segmentsOf } from "./segment.js";

/** Signals of one message that are held against each other; with more the pairs would take too long. */
export const MAX_COMPARED_SIGNALS = 2048;

/** A signal, its bits by byte, and what it hangs on, nearest first. */
interface Placed {
  readonly signal: DbcSignal;
  readonly masks: ReadonlyMap<number, number>;
  readonly firstByte: number;
  readonly lastByte: number;
  readonly conditions: readonly DbcMultiplexing[];
}

/** Finds signals that share bits and can be there at the same time. */
export function lintOverlaps(message: DbcMessage, findings: FindingList): void {
  const fitting = message.signals.filter((signal) => {
    return signal.lengthBits <= MAX_SIGNAL_BITS && bytesNeeded(signal) <= message.lengthBytes;
  });
  if (fitting.length > MAX_COMPARED_SIGNALS) {
    const why = `message ${message.name} has ${fitting.length} signals, too many to look for overlaps`;
    findings.warning("overlaps-unchecked", message.line, why);
    return;
  }
  const byName = new Map([...message.signals].reverse().map((signal) => [signal.name, signal]));
  const placed = fitting.map((signal) => place(signal, byName)).sort((a, b) => a.firstByte - b.firstByte);
  placed.forEach((one, index) => {
    for (let next = index + 1; next < placed.length; next++) {
      const other = placed[next] as Placed;
      if (other.firstByte > one.lastByte) break;
      if (!shareBits(one, other) || areExclusive(one, other)) continue;
      const [later, earlier] = one.signal.line > other.signal.line ? [one, other] : [other, one];
      const why = `signal ${later.signal.name} shares bits with ${earlier.signal.name} of message ${message.name}`;
      findings.error("overlapping-signals", later.signal.line, why);
    }
  });
}

function place(signal: DbcSignal, byName: ReadonlyMap<string, DbcSignal>): Placed {
  const masks = new Map<number, number>();
  for (const segment of segmentsOf(signal)) masks.set(segment.byte, (masks.get(segment.byte) ?? 0) | maskOf(segment));
  const conditions: DbcMultiplexing[] = [];
  let above: DbcSignal | undefined = signal;
  while (above?.multiplexing !== undefined && conditions.length <= MAX_MULTIPLEX_DEPTH) {
    conditions.push(above.multiplexing);
    above = byName.get(above.multiplexing.multiplexer);
  }
  const bytes = [...masks.keys()];
  return { signal, masks, firstByte: Math.min(...bytes), lastByte: Math.max(...bytes), conditions };
}

function maskOf({ shift, widthBits }: Segment): number {
  return ((1 << widthBits) - 1) << shift;
}

function shareBits(one: Placed, other: Placed): boolean {
  for (const [byte, mask] of one.masks) if ((mask & (other.masks.get(byte) ?? 0)) !== 0) return true;
  return false;
}

/** Whether some multiplexer would have to have two values for both to be there. */
function areExclusive(one: Placed, other: Placed): boolean {
  return one.conditions.some((condition) => {
    const same = other.conditions.find(({ multiplexer }) => multiplexer === condition.multiplexer);
    return same !== undefined && !haveCommonValue(condition, same);
  });
}

function haveCommonValue(one: DbcMultiplexing, other: DbcMultiplexing): boolean {
  return one.ranges.some((range) => other.ranges.some(({ first, last }) => range.first <= last && first <= range.last));
}
