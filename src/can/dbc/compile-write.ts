import type { Program } from "../../schema/program.js";
import { literal } from "./compile-raw.js";
import type { WriteForm } from "./engine.js";
import type { RangePolicy } from "./options.js";
import type { SignalPlan } from "./plan.js";
import { scratch, splitHalves } from "./raw.js";
import { toFittingRaw, toRaw } from "./to-raw.js";

/** Statements that find out the raw value of a signal, declare it as `raw`, and write it into the payload `d`. */
export function addWriting(
  program: Program,
  plan: SignalPlan,
  raw: string,
  form: WriteForm,
  policy: RangePolicy,
): string[] {
  const value = program.fresh();
  return [
    `const ${value} = v[${JSON.stringify(plan.name)}];`,
    ...(form === "raw" ? fitRaw(program, plan, value, raw) : scaleRaw(program, plan, value, raw, policy)),
    ...store(program, plan, raw),
  ];
}

/** Code for the common case, numbers within limits; all else goes through the interpreter's function. */
function scaleRaw(program: Program, plan: SignalPlan, value: string, raw: string, policy: RangePolicy): string[] {
  const { scale, shape } = plan;
  const slow = `${program.constant(toRaw)}(${program.constant(plan)}, ${value}, ${JSON.stringify(policy)})`;
  const isInteger = shape.type === "unsigned" || shape.type === "signed";
  if (scale.kind !== "number" || !isInteger || shape.lengthBits > 32) return [`const ${raw} = ${slow};`];
  const { least, greatest } = policy === "allow" ? scale : plan.limits;
  const { factor, offset } = scale;
  const shifted = offset === 0 ? value : `(${value} - ${literal(offset)})`;
  const quotient = factor === 1 ? shifted : `${shifted} / ${literal(factor)}`;
  return [
    `let ${raw} = typeof ${value} === "number" ? Math.round(${quotient}) : NaN;`,
    `if (!(${raw} >= ${least} && ${raw} <= ${greatest})) ${raw} = ${slow};`,
  ];
}

function fitRaw(program: Program, plan: SignalPlan, value: string, raw: string): string[] {
  const { scale, shape } = plan;
  const slow = `${program.constant(toFittingRaw)}(${program.constant(plan)}, ${value})`;
  const isInteger = shape.type === "unsigned" || shape.type === "signed";
  if (!isInteger || shape.isBig) return [`const ${raw} = ${slow};`];
  const fits = `Number.isInteger(${value}) && ${value} >= ${scale.least} && ${value} <= ${scale.greatest}`;
  return [`const ${raw} = ${fits} ? ${value} : ${slow};`];
}

/** Statements that put the bits of a raw value that fits into the payload. */
function store(program: Program, { shape }: SignalPlan, raw: string): string[] {
  const isShort = shape.lengthBits <= 32 && (shape.type === "unsigned" || shape.type === "signed");
  const [low, high] = isShort ? [raw, ""] : [program.fresh(), program.fresh()];
  const view = program.constant(scratch);
  const halves = isShort
    ? []
    : [
        `${program.constant(splitHalves)}(${program.constant(shape)}, ${raw});`,
        `const ${low} = ${view}.getInt32(0, true);`,
        `const ${high} = ${view}.getInt32(4, true);`,
      ];
  const writes = shape.segments.map(({ byte, shift, widthBits, position }) => {
    const from = position < 32 ? `${low} >>> ${position}` : `${high} >>> ${position - 32}`;
    if (widthBits === 8) return `d[${byte}] = ${from};`;
    const mask = (1 << widthBits) - 1;
    return `d[${byte}] = d[${byte}] & ${0xff & ~(mask << shift)} | (${from} & ${mask}) << ${shift};`;
  });
  return [...halves, ...writes];
}
