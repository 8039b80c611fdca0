import type { Draft, DraftMessage, DraftSignal, ExtendedMultiplexing } from "./draft.js";
import type { FindingList } from "./finding.js";
import type { DbcMultiplexing, DbcRange } from "./model.js";

/** Most multiplexers above one signal. */
export const MAX_MULTIPLEX_DEPTH = 16;

/** Finds out which signals of a message hang on which multiplexer. What cannot be found out is always there. */
export function resolveMultiplexing(draft: Draft, message: DraftMessage): void {
  const { findings } = draft;
  const entries = bySignal(draft, message);
  const multiplexers = message.signals.filter((signal) => signal.isMultiplexer);
  const marked = new Set(multiplexers);
  const roots = multiplexers.filter((signal) => signal.multiplexValue === undefined);
  let isAmbiguous = roots.length > 1 && entries.size === 0;
  for (const signal of message.signals) {
    const entry = entries.get(signal.symbol);
    if (entry !== undefined) {
      const multiplexing = resolveExtended(findings, message, entry);
      if (multiplexing !== undefined) signal.multiplexing = multiplexing;
    } else if (signal.multiplexValue !== undefined) {
      // No list of the others: for each signal that would take time that grows with the square of their number.
      isAmbiguous ||= multiplexers.length - (marked.has(signal) ? 1 : 0) > 1;
      const parent = roots[0] ?? multiplexers[multiplexers[0] === signal ? 1 : 0];
      const range = { first: signal.multiplexValue, last: signal.multiplexValue };
      if (parent !== undefined) signal.multiplexing = { multiplexer: parent.symbol, ranges: [range] };
      else {
        const why = `signal ${signal.symbol} is multiplexed and message ${message.symbol} has no multiplexer`;
        findings.error("no-multiplexer", signal.line, `${why}; it is taken as always there`);
      }
    }
    delete signal.multiplexValue;
  }
  if (isAmbiguous) {
    const why = `message ${message.symbol} has ${multiplexers.length} multiplexers and signals without a SG_MUL_VAL_`;
    findings.error(
      "ambiguous-multiplexing",
      message.line,
      `${why}; they are taken as those of ${roots[0]?.symbol ?? "the first"}`,
    );
  }
  cutLoops(findings, message);
  nameParents(message);
}

function bySignal({ findings, multiplexings }: Draft, message: DraftMessage): Map<string, ExtendedMultiplexing> {
  const entries = new Map<string, ExtendedMultiplexing & { readonly ranges: DbcRange[] }>();
  for (const entry of multiplexings.get(message) ?? []) {
    const present = entries.get(entry.signal);
    if (!message.bySymbol.has(entry.signal)) {
      const why = `there is no signal ${entry.signal} of message ${message.symbol}; the statement is left out`;
      findings.warning("unknown-reference", entry.line, why);
    } else if (present === undefined) entries.set(entry.signal, { ...entry, ranges: [...entry.ranges] });
    // A long list of ranges may be spread over several statements.
    else if (present.multiplexer === entry.multiplexer) {
      for (const range of entry.ranges) present.ranges.push(range);
    } else {
      const why = `signal ${entry.signal} already hangs on ${present.multiplexer}; the statement is left out`;
      findings.error("ambiguous-multiplexing", entry.line, why);
    }
  }
  return entries;
}

function resolveExtended(
  findings: FindingList,
  message: DraftMessage,
  { signal, multiplexer, ranges, line }: ExtendedMultiplexing,
): DbcMultiplexing | undefined {
  const parent = message.bySymbol.get(multiplexer);
  if (parent === undefined || multiplexer === signal) {
    const why = `signal ${signal} cannot hang on ${multiplexer}; it is taken as always there`;
    findings.error("no-multiplexer", line, why);
    return undefined;
  }
  if (!parent.isMultiplexer) {
    const why = `signal ${multiplexer} is a multiplexer by this statement and has no M in its own; it is taken as one`;
    findings.warning("unmarked-multiplexer", line, why);
    parent.isMultiplexer = true;
  }
  const inOrder = ranges.filter(({ first, last }) => first <= last);
  if (inOrder.length < ranges.length) {
    findings.error("multiplexer-range", line, `signal ${signal} has a range that ends before it begins`);
  }
  return { multiplexer, ranges: inOrder };
}

/** Takes signals that hang on themselves in the end, or too deep, as always there. */
function cutLoops(findings: FindingList, message: DraftMessage): void {
  for (const signal of message.signals) {
    let above: DraftSignal | undefined = signal;
    let depth = 0;
    while (above?.multiplexing !== undefined && depth <= MAX_MULTIPLEX_DEPTH) {
      above = message.bySymbol.get(above.multiplexing.multiplexer);
      depth += 1;
    }
    if (depth <= MAX_MULTIPLEX_DEPTH) continue;
    const why = `signal ${signal.symbol} hangs on itself, or on more than ${MAX_MULTIPLEX_DEPTH} multiplexers`;
    findings.error("multiplexer-loop", signal.line, `${why}; it is taken as always there`);
    delete signal.multiplexing;
  }
}

/** Replaces symbols of multiplexers by names. */
function nameParents(message: DraftMessage): void {
  for (const signal of message.signals) {
    const { multiplexing } = signal;
    const parent = multiplexing === undefined ? undefined : message.bySymbol.get(multiplexing.multiplexer);
    if (multiplexing === undefined || parent === undefined || parent.name === parent.symbol) continue;
    signal.multiplexing = { ...multiplexing, multiplexer: parent.name };
  }
}
