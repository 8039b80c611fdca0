import type { FindingList } from "./finding.js";
import type { DbcMessage, DbcSignal } from "./model.js";

/** What is wrong with the multiplexers of a message, apart from what `parseDbc()` found. */
export function lintMultiplexers({ signals }: DbcMessage, findings: FindingList): void {
  const children = new Map<string, DbcSignal[]>();
  for (const signal of signals) {
    if (signal.multiplexing === undefined) continue;
    const siblings = children.get(signal.multiplexing.multiplexer) ?? [];
    siblings.push(signal);
    children.set(signal.multiplexing.multiplexer, siblings);
    if (signal.multiplexing.ranges.length === 0) {
      const why = `signal ${signal.name} is there with no value of ${signal.multiplexing.multiplexer}`;
      findings.error("unreachable-signal", signal.line, why);
    }
  }
  for (const signal of signals.filter((one) => one.isMultiplexer)) {
    const { name, line, lengthBits, type } = signal;
    const own = children.get(name) ?? [];
    if (own.length === 0) findings.warning("idle-multiplexer", line, `multiplexer ${name} has no signals`);
    const greatest = 2 ** (type === "signed" ? lengthBits - 1 : lengthBits) - 1;
    for (const child of own) {
      if (!child.multiplexing?.ranges.length || child.multiplexing.ranges.some(({ first }) => first <= greatest))
        continue;
      const why = `signal ${child.name} is there with values of ${name} that its ${lengthBits} bits do not hold`;
      findings.error("unreachable-signal", child.line, why);
    }
  }
}
