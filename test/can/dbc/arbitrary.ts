import fc from "fast-check";
import { type Dbc, type DbcMessage, type DbcSignal, parseDbc } from "../../../src/can/dbc/index.js";
import { standardId } from "../../../src/can/index.js";
import { bitsOf } from "./slow.js";

const factors = fc.constantFrom(1, 1, 1, 2, -1, 0.5, 0.1, 0.01, 1e-5, -0.25, 3.7, 1000, 10_000_000);
const offsets = fc.constantFrom(0, 0, 0, 1, -40, 273.15, -1e6, 2 ** 33);

/** A signal by itself: where it lies and what it means. */
const signals: fc.Arbitrary<Omit<DbcSignal, "name" | "symbol">> = fc
  .record({
    startBit: fc.nat(511),
    lengthBits: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.constantFrom(8, 16, 31, 32, 33, 53, 54, 63, 64)),
    byteOrder: fc.constantFrom("little", "big"),
    type: fc.constantFrom("unsigned", "signed", "float32", "float64"),
    factor: factors,
    offset: offsets,
  })
  .map(({ type, lengthBits, ...rest }) => ({
    ...rest,
    type,
    lengthBits: type === "float32" ? 32 : type === "float64" ? 64 : lengthBits,
    ...{ unit: "", receivers: [], isMultiplexer: false, attributes: new Map<string, string>(), line: 0 },
  }));

/** Gives those of the signals names that fit a message of so many bytes beside each other, at their bit modulo its length. */
function layOut(candidates: readonly Omit<DbcSignal, "name" | "symbol">[], lengthBytes: number): DbcSignal[] {
  const taken = new Set<number>();
  const placed: DbcSignal[] = [];
  for (const candidate of candidates) {
    const name = `S${placed.length}`;
    const signal = { ...candidate, name, symbol: name, startBit: candidate.startBit % (8 * lengthBytes) };
    const bits = bitsOf(signal);
    if (bits.some((bit) => bit >= 8 * lengthBytes || taken.has(bit))) continue;
    for (const bit of bits) taken.add(bit);
    placed.push(signal);
  }
  return placed;
}

/** Makes the first short unsigned signal a multiplexer of the second half of the others. */
function multiplex(all: DbcSignal[]): DbcSignal[] {
  const index = all.findIndex(({ type, lengthBits }) => type === "unsigned" && lengthBits <= 8);
  const multiplexer = all[index];
  if (multiplexer === undefined) return all;
  const half = Math.ceil(all.length / 2);
  return all.map((signal, place) => {
    if (place === index) return { ...signal, isMultiplexer: true };
    if (place < half) return signal;
    const first = place % 3;
    const last = place % 2 === 0 ? first : first + 2;
    return { ...signal, multiplexing: { multiplexer: multiplexer.name, ranges: [{ first, last }] } };
  });
}

/** A message of up to 64 bytes whose signals share no bits. */
export const messages: fc.Arbitrary<DbcMessage> = fc
  .tuple(fc.integer({ min: 1, max: 64 }), fc.array(signals, { minLength: 1, maxLength: 40 }), fc.boolean())
  .map(([lengthBytes, candidates, isMultiplexed]) => {
    const placed = layOut(candidates, lengthBytes);
    return {
      ...{ name: "M", symbol: "M", id: standardId(1), lengthBytes, transmitters: [], signalGroups: [] },
      ...{ signals: isMultiplexed ? multiplex(placed) : placed, attributes: new Map(), line: 0 },
    };
  });

/** A message and a payload of its length, or longer. */
export const payloads: fc.Arbitrary<{ readonly message: DbcMessage; readonly data: Uint8Array }> = messages.chain(
  (message) =>
    fc
      .uint8Array({ minLength: message.lengthBytes, maxLength: message.lengthBytes + 4 })
      .map((data) => ({ message, data })),
);

/** A database without anything in it. */
export const emptyDbc: Dbc = parseDbc('VERSION ""');
