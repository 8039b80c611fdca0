import { startValue } from "./attribute.js";
import type { FindingList } from "./finding.js";
import type { Dbc, DbcMessage, DbcSignal } from "./model.js";
import { isIntegral } from "./number.js";
import { shapeOf } from "./plan.js";
import { createScale, toPhysical } from "./scale.js";
import { bytesNeeded, MAX_SIGNAL_BITS } from "./segment.js";

/** What is wrong with one signal. */
export function lintSignal(dbc: Dbc, message: DbcMessage, signal: DbcSignal, findings: FindingList): void {
  const { name, line, lengthBits } = signal;
  if (lengthBits === 0 || lengthBits > MAX_SIGNAL_BITS) {
    const why = `signal ${name} has ${lengthBits} bits, and a codec takes 1 to ${MAX_SIGNAL_BITS}; it is left out`;
    findings.error("signal-length", line, why);
    return;
  }
  const needed = bytesNeeded(signal);
  if (needed > message.lengthBytes) {
    const why = `signal ${name} needs ${needed} bytes and message ${message.name} has ${message.lengthBytes}`;
    findings.error("signal-outside-message", line, `${why}; it is left out`);
  }
  if (Number(signal.factor) === 0)
    findings.error("zero-factor", line, `signal ${name} has the factor 0; it is taken as 1`);
  lintRange(signal, findings);
  lintNames(dbc, signal, findings);
}

/** Holds minimum and maximum against what the bits can express. */
function lintRange(signal: DbcSignal, findings: FindingList): void {
  const { name, line, lengthBits, factor, min, max } = signal;
  if (min === undefined || max === undefined) return;
  const scale = createScale(shapeOf(signal), factor, signal.offset);
  const ends = [toPhysical(scale, scale.least), toPhysical(scale, scale.greatest)].map(Number);
  const [lowest, highest] = [Math.min(...ends), Math.max(...ends)];
  // A part in a billion is what files lose by rounding.
  const slack = (Math.abs(lowest) + Math.abs(highest)) * 1e-9 + Math.abs(Number(factor)) * 1e-6;
  const held = `its ${lengthBits} bits hold ${lowest} to ${highest}`;
  if (min > max) {
    findings.error("impossible-range", line, `signal ${name} has the minimum ${min} above the maximum ${max}`);
  } else if (min > highest || max < lowest) {
    findings.error("impossible-range", line, `signal ${name} has the range ${min} to ${max}, and ${held}: none of it`);
  } else if (Number(min) < lowest - slack || Number(max) > highest + slack) {
    findings.warning("impossible-range", line, `signal ${name} has the range ${min} to ${max}, and ${held}`);
  }
}

/** Holds the start value and the named values against what the bits can express. */
function lintNames(dbc: Dbc, signal: DbcSignal, findings: FindingList): void {
  const { name, line, type } = signal;
  if (type === "float32" || type === "float64") return;
  const { least, greatest } = createScale(shapeOf(signal), signal.factor, signal.offset);
  const start = startValue(dbc, signal);
  if (start < least || start > greatest || !isIntegral(start)) {
    findings.warning(
      "start-value",
      line,
      `signal ${name} has the raw start value ${start}, which its bits do not hold`,
    );
  }
  const texts = new Set<string>();
  for (const [value, text] of signal.valueNames ?? []) {
    if (value < least || value > greatest || !isIntegral(value)) {
      const why = `signal ${name} has a name for the raw value ${value}, which its bits do not hold`;
      findings.warning("value-outside-signal", line, why);
    }
    if (texts.has(text)) {
      const why = `signal ${name} has two values called ${JSON.stringify(text)}; encoding takes the first`;
      findings.warning("duplicate-value-name", line, why);
    }
    texts.add(text);
  }
}
