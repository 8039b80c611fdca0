import type { DbcMessage, DbcSignal } from "../../../src/can/dbc/index.js";

/*
 * The meaning of a DBC signal, one bit at a time, written from the description of the format and from nothing in src: bit
 * 8 · byte + bit; little-endian signals go up from their least significant bit, big-endian ones go from their most
 * significant bit down to bit 0 of a byte and on at bit 7 of the next.
 */

/** Numbers of the bits of a signal, most significant first. */
export function bitsOf({ startBit, lengthBits, byteOrder }: DbcSignal): number[] {
  const bits: number[] = [];
  let bit = startBit;
  for (let count = 0; count < lengthBits; count++) {
    bits.push(bit);
    if (byteOrder === "little") bit += 1;
    else bit = bit % 8 === 0 ? bit + 15 : bit - 1;
  }
  return byteOrder === "little" ? bits.reverse() : bits;
}

/** The raw value: a bigint, or a number of a float. */
export function slowRaw(signal: DbcSignal, data: Uint8Array): bigint | number {
  let raw = 0n;
  for (const bit of bitsOf(signal)) {
    const byte = data[Math.floor(bit / 8)] ?? 0;
    raw = raw * 2n + BigInt(Math.floor(byte / 2 ** (bit % 8)) % 2);
  }
  const hex = raw.toString(16).padStart(signal.lengthBits / 4, "0");
  if (signal.type === "float32") return Buffer.from(hex, "hex").readFloatBE();
  if (signal.type === "float64") return Buffer.from(hex, "hex").readDoubleBE();
  const isNegative = signal.type === "signed" && raw >= 2n ** BigInt(signal.lengthBits - 1);
  return isNegative ? raw - 2n ** BigInt(signal.lengthBits) : raw;
}

/** A payload with the raw value of a signal, as bits from 0 on, put in. */
export function slowPut(signal: DbcSignal, raw: bigint, data: Uint8Array): void {
  let rest = raw < 0n ? raw + 2n ** BigInt(signal.lengthBits) : raw;
  for (const bit of bitsOf(signal).reverse()) {
    const index = Math.floor(bit / 8);
    const old = Math.floor((data[index] ?? 0) / 2 ** (bit % 8)) % 2;
    data[index] = (data[index] ?? 0) + (Number(rest % 2n) - old) * 2 ** (bit % 8);
    rest /= 2n;
  }
}

/** The signals that are there, told by the raw values of the multiplexers in the payload. */
export function slowSignals(message: DbcMessage, data: Uint8Array): DbcSignal[] {
  const isThere = (signal: DbcSignal): boolean => {
    const { multiplexing } = signal;
    if (multiplexing === undefined) return true;
    const parent = message.signals.find(({ name }) => name === multiplexing.multiplexer);
    if (parent === undefined || !isThere(parent)) return false;
    const raw = slowRaw(parent, data);
    return multiplexing.ranges.some(({ first, last }) => raw >= first && raw <= last);
  };
  return message.signals.filter(isThere);
}

/** Raw values as the codec has them: integers of up to 53 bits are numbers. */
export function slowRawValues(message: DbcMessage, data: Uint8Array): Record<string, number | bigint> {
  return Object.fromEntries(
    slowSignals(message, data).map((signal) => {
      const raw = slowRaw(signal, data);
      return [signal.name, signal.lengthBits > 53 ? raw : Number(raw)];
    }),
  );
}

/** Physical values as the codec has them: exact integers are bigints where they can be beyond ±(2^53 - 1). */
export function slowValues(message: DbcMessage, data: Uint8Array): Record<string, number | bigint> {
  return Object.fromEntries(
    slowSignals(message, data).map((signal) => {
      const { factor, offset, lengthBits, type } = signal;
      const raw = slowRaw(signal, data);
      const isExact = typeof raw === "bigint" && Number.isInteger(factor) && Number.isInteger(offset);
      if (!isExact) return [signal.name, Number(raw) * Number(factor) + Number(offset)];
      const least = type === "signed" ? -(2n ** BigInt(lengthBits - 1)) : 0n;
      const greatest = 2n ** BigInt(type === "signed" ? lengthBits - 1 : lengthBits) - 1n;
      const scaled = (value: bigint) => value * BigInt(factor) + BigInt(offset);
      const isSafe = [least, greatest].every((end) => Number.isSafeInteger(Number(scaled(end))));
      return [signal.name, isSafe && lengthBits <= 53 ? Number(scaled(raw)) : scaled(raw)];
    }),
  );
}
