import { Program } from "../../schema/program.js";
import { wrongType } from "../../schema/refusal.js";
import { addRawReading, type Halves, literal, rawExpression } from "./compile-raw.js";
import { addWriting } from "./compile-write.js";
import type { Decoder, Encoder, Engine, ReadForm, WriteForm } from "./engine.js";
import { interpreter } from "./interpret.js";
import type { CodecSettings } from "./options.js";
import type { Branch, MessagePlan, SignalPlan } from "./plan.js";
import { unknownMultiplexer } from "./refuse.js";

/**
 * The engine of straight-line code made for one message.
 *
 * @throws EvalError if the process forbids code generation, as `--disallow-code-generation-from-strings` does.
 */
export const compiler: Engine = { decoder: compileDecoder, encoder: compileEncoder };

function compileDecoder(plan: MessagePlan, form: ReadForm, settings: CodecSettings): Decoder {
  const program = new Program();
  const lines: string[] = [];
  const properties: string[] = [];
  const multiplexers: [SignalPlan, string][] = [];
  const read = (signal: SignalPlan): { readonly raw: string; readonly value: string } => {
    const halves: Halves = rawExpression(signal.shape);
    const raw = program.fresh();
    lines.push(...addRawReading(program, signal.shape, halves, raw));
    return { raw, value: presentExpression(program, signal, raw, form) };
  };
  const enter = (signal: SignalPlan, raw: string): void => {
    lines.push(
      ...branchLines(program, signal, raw, settings, (branch) => {
        const begin = lines.length;
        for (const inner of branch.signals) {
          const reading = read(inner);
          lines.push(`o[${JSON.stringify(inner.name)}] = ${reading.value};`);
          if (inner.branches.length > 0) enter(inner, reading.raw);
        }
        return lines.splice(begin);
      }),
    );
  };
  for (const signal of plan.signals) {
    const { raw, value } = read(signal);
    properties.push(`${JSON.stringify(signal.name)}: ${value}`);
    if (signal.branches.length > 0) multiplexers.push([signal, raw]);
  }
  lines.push(`const o = { ${properties.join(", ")} };`);
  for (const [signal, raw] of multiplexers) enter(signal, raw);
  // What is too short is refused, or read as far as it goes, by the interpreter.
  const short = program.constant(interpreter.decoder(plan, form, settings));
  const check = `if (!(d instanceof Uint8Array && d.length >= ${plan.message.lengthBytes})) return ${short}(d);`;
  return program.run(program.add("d", [check, ...lines, "return o;"].join("\n"))) as Decoder;
}

/** The expression of what a decoder gives for the raw value in the variable `raw`. */
function presentExpression(program: Program, signal: SignalPlan, raw: string, form: ReadForm): string {
  if (form === "raw") return raw;
  const physical = physicalExpression(signal, raw);
  if (form === "physical" || signal.names.size === 0) return physical;
  return `(${program.constant(signal.names)}.get(${raw}) ?? ${physical})`;
}

function physicalExpression({ scale: { kind, factor, offset }, shape }: SignalPlan, raw: string): string {
  if (kind === "bigint") {
    const big = shape.isBig ? raw : `BigInt(${raw})`;
    const scaled = factor === 1n ? big : `${big} * ${literal(factor)}`;
    return offset === 0n ? scaled : `(${scaled} + ${literal(offset)})`;
  }
  const number = kind === "rounded" ? `Number(${raw})` : raw;
  const scaled = factor === 1 ? number : `${number} * ${literal(factor)}`;
  // Adding 0 would turn -0 into 0, but the interpreter adds it as well.
  return `(${scaled} + ${literal(offset)})`;
}

function compileEncoder(plan: MessagePlan, form: WriteForm, settings: CodecSettings): Encoder {
  const program = new Program();
  const enter = (signals: readonly SignalPlan[]): string[] => {
    const lines = [`w += ${signals.length};`];
    for (const signal of signals) {
      const raw = program.fresh();
      lines.push(...addWriting(program, signal, raw, form, settings.range));
      if (signal.branches.length > 0) {
        lines.push(...branchLines(program, signal, raw, settings, (branch) => enter(branch.signals)));
      }
    }
    return lines;
  };
  const interpret = program.constant(interpreter.encoder(plan, form, settings));
  const body = [
    `if (typeof v !== "object" || v === null) throw ${program.constant(wrongType)}("an object with a property for each signal", v);`,
    "let w = 0;",
    ...enter(plan.signals),
    "let n = 0;",
    "for (const k in v) if (v[k] !== undefined) n += 1;",
    // Whatever else is the matter the interpreter finds out, or that nothing is.
    `if (n !== w) ${interpret}(v, d);`,
  ];
  return program.run(program.add("v, d", body.join("\n"))) as Encoder;
}

/** Statements that go on with what hangs on a multiplexer whose raw value is in the variable `raw`. */
function branchLines(
  program: Program,
  signal: SignalPlan,
  raw: string,
  { unknownMultiplexer: policy }: CodecSettings,
  enter: (branch: Branch) => string[],
): string[] {
  const refuse =
    policy === "allow" ? "" : `throw ${program.constant(unknownMultiplexer)}(${program.constant(signal)}, ${raw});`;
  if (isSwitch(signal)) {
    const cases = signal.branches.map((branch) => {
      return [
        ...branch.ranges.map(({ first }) => `case ${literal(first)}:`),
        "{",
        ...enter(branch),
        "break;",
        "}",
      ].join("\n");
    });
    return [`switch (${raw}) {`, ...cases, `default: ${refuse}`, "}"];
  }
  const known = program.fresh();
  const tests = signal.branches.flatMap((branch) => {
    const conditions = branch.ranges.map(
      ({ first, last }) => `(${raw} >= ${literal(first)} && ${raw} <= ${literal(last)})`,
    );
    return [`if (${conditions.join(" || ") || "false"}) {`, `${known} = true;`, ...enter(branch), "}"];
  });
  return [`let ${known} = false;`, ...tests, `if (!${known}) { ${refuse} }`];
}

/** Whether each branch has single values of a number, and no value has two branches. */
function isSwitch({ shape, branches }: SignalPlan): boolean {
  const ranges = branches.flatMap((branch) => branch.ranges);
  const isSingle = ranges.every(({ first, last }) => first === last && typeof first === "number");
  const isComplete = branches.every((branch) => branch.ranges.length > 0);
  return isSingle && isComplete && !shape.isBig && new Set(ranges.map(({ first }) => first)).size === ranges.length;
}
