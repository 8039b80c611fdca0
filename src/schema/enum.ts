import { MAX_FIELDS } from "./layout.js";
import { requireMemberName, requireName } from "./name.js";
import { type Refusal, wrongType, wrongValue } from "./refusal.js";
import { refuseScalar } from "./scalar.js";
import { type EnumType, type EnumWire, requireType, type Scalar, seal } from "./type.js";

/**
 * A choice of names over an integer: `enumOf("Mode", { idle: 0, run: 1 }, u8)`. Values are the names, and a value of
 * the wire that has no name does not decode.
 *
 * @param members the integer of each name; no two alike.
 * @param base the integer type of the wire, up to 32 bits.
 * @throws TypeError if a name or the base does not fit.
 * @throws RangeError if a value is not in the range of the base, or there are no members, or more than 1024.
 */
export function enumOf<const M extends Readonly<Record<string, number>>>(
  name: string,
  members: M,
  base: Scalar<number, EnumWire>,
): EnumType<keyof M & string> {
  requireName(name, "The name of an enum");
  requireType(base, `The base of enum ${name}`);
  if (base.kind !== "scalar" || !isEnumWire(base.wire)) {
    throw new TypeError(`The base of enum ${name} must be an integer type of up to 32 bits`);
  }
  const entries = Object.entries(members);
  if (entries.length === 0 || entries.length > MAX_FIELDS) {
    throw new RangeError(`Enum ${name} must have 1 to ${MAX_FIELDS} members, not ${entries.length}`);
  }
  const names = new Map<number, string>();
  for (const [member, value] of entries) {
    requireMemberName(member, `The name of a member of enum ${name}`);
    const refusal = refuseScalar(base, value);
    if (refusal !== undefined) throw refusal.within(`.${member}`).toMistake(name);
    const other = names.get(value);
    if (other !== undefined) throw new RangeError(`Members ${other} and ${member} of enum ${name} are both ${value}`);
    // Adding 0 turns -0, which no integer on the wire can be, into 0.
    names.set(value + 0, member);
  }
  const sorted = [...names].sort(([a], [b]) => a - b).map(([value, member]) => Object.freeze({ name: member, value }));
  const { size, align } = base;
  return seal({ kind: "enum", name, base, members: Object.freeze(sorted), size, align, depth: 0 });
}

/** The two directions between the names of an enum and its integers. */
export interface EnumMaps {
  readonly values: ReadonlyMap<unknown, number>;
  readonly names: ReadonlyMap<unknown, string>;
}

const mapsOf = new WeakMap<EnumType, EnumMaps>();

/** The maps of an enum, made at first use and kept. */
export function enumMaps(type: EnumType): EnumMaps {
  let maps = mapsOf.get(type);
  if (maps === undefined) {
    const values = new Map(type.members.map(({ name, value }) => [name, value]));
    const names = new Map(type.members.map(({ name, value }) => [value, name]));
    maps = { values, names };
    mapsOf.set(type, maps);
  }
  return maps;
}

/** The refusal of a value that is no name of an enum, or of bytes that hold none of its integers. */
export function refuseEnum(type: EnumType, value: unknown): Refusal {
  const shown = type.members.slice(0, 8).map((member) => `${member.name}=${member.value}`);
  if (type.members.length > shown.length) shown.push("...");
  const wanted = `a member of ${type.name} (${shown.join(", ")})`;
  return typeof value === "string" || typeof value === "number" ? wrongValue(wanted, value) : wrongType(wanted, value);
}

function isEnumWire(wire: string): boolean {
  return ["u8", "u16", "u32", "i8", "i16", "i32"].includes(wire);
}
