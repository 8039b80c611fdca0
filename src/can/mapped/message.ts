import { requireKnownKeys } from "../../errors.js";
import type { Struct } from "../../schema/index.js";
import { MAX_CLASSIC_LENGTH, MAX_FD_LENGTH } from "../dlc.js";
import { type CanFrame, dataFrame, fdFrame } from "../frame.js";
import { type CanId, isCanId } from "../id.js";
import type { Protection } from "./protection.js";

/** How values lie in the data of a frame. A `MessageCodec` of a DBC file is one; {@link structLayout} makes one of a schema. */
export interface MappedLayout<T> {
  readonly lengthBytes: number;
  /** @throws TypeError or RangeError if a value does not fit. */
  encode(value: T): Uint8Array;
  /** @throws IntercellError `ERR_DECODE`. */
  decode(data: Uint8Array): T;
}

/**
 * - `demand`: when the program says so
 * - `change`: when its bytes change
 * - `cyclic`: at each cycle, from the first value on
 * - `cyclic-and-change`: both
 */
export type SendMode = "demand" | "change" | "cyclic" | "cyclic-and-change";

/** A message that has a CAN id of its own. Both sides have the same description. */
export interface MappedMessage<T> {
  readonly id: CanId;
  readonly layout: MappedLayout<T>;
  /** @defaultValue "demand" */
  readonly mode?: SendMode;
  /** Milliseconds between two frames, 1 to 3,600,000; the cyclic modes and the receive timeout need it. @defaultValue none */
  readonly cycleMs?: number;
  /** Cycles without a good frame after which a receiver counts the message as missing. @defaultValue 5 */
  readonly timeoutCycles?: number;
  /** @defaultValue none */
  readonly protection?: Protection;
  /** Steps of the counter that are taken for frames that got lost; more are a wrong sequence. @defaultValue 3 */
  readonly maxCounterStep?: number;
  /** Whether it is a CAN FD frame. @defaultValue whether it has more than 8 bytes */
  readonly fd?: boolean;
  /** @defaultValue false */
  readonly bitRateSwitch?: boolean;
}

/** {@link MappedMessage}, checked. */
export interface CheckedMessage<T> extends Required<Omit<MappedMessage<T>, "cycleMs" | "protection">> {
  readonly cycleNs: number | undefined;
  readonly protection: Protection | undefined;
}

/** The frame of a message: `bytes` of its layout under its protection. */
export function mappedFrame<T>(message: CheckedMessage<T>, bytes: Uint8Array, counter: number): CanFrame {
  const { id, protection, fd, bitRateSwitch } = message;
  const data = bytes.slice();
  protection?.protect(data, counter);
  return fd ? fdFrame(id, data, { bitRateSwitch }) : dataFrame(id, data);
}

const KEYS = [
  ...["id", "layout", "mode", "cycleMs", "timeoutCycles", "protection"],
  ...["maxCounterStep", "fd", "bitRateSwitch"],
];

const MODES: readonly SendMode[] = ["demand", "change", "cyclic", "cyclic-and-change"];

/**
 * The layout of a struct of the schema: as C lays it out, little-endian.
 *
 * @throws TypeError for a struct whose messages differ in length.
 */
export function structLayout<T>(type: Struct<T>): MappedLayout<T> {
  if (type.truncatable) throw new TypeError(`Messages of ${type.name} differ in length, which a CAN frame cannot tell`);
  const { codec } = type;
  return {
    lengthBytes: type.size,
    encode: (value) => {
      const bytes = new Uint8Array(type.size);
      codec.encode(value, new DataView(bytes.buffer), 0);
      return bytes;
    },
    decode: (data) => codec.decode(new DataView(data.buffer, data.byteOffset, data.byteLength), 0, type.size),
  };
}

/** @throws TypeError or RangeError if a part is wrong or does not go with another. */
export function checkMessage<T>(what: string, message: MappedMessage<T>): CheckedMessage<T> {
  requireKnownKeys(what, message, KEYS);
  const { id, layout, mode = "demand", cycleMs, timeoutCycles = 5, protection, maxCounterStep = 3 } = message;
  if (typeof layout?.lengthBytes !== "number" || typeof layout.encode !== "function") {
    throw new TypeError(`The layout of ${what} is the codec of a DBC message, or structLayout() of a struct`);
  }
  const { fd = layout.lengthBytes > MAX_CLASSIC_LENGTH, bitRateSwitch = false } = message;
  if (!isCanId(id))
    throw new RangeError(`The id of a mapped message is made by standardId() or extendedId(), not ${id}`);
  const longest = fd ? MAX_FD_LENGTH : MAX_CLASSIC_LENGTH;
  if (layout.lengthBytes > longest || layout.lengthBytes < (protection?.leastBytes ?? 0)) {
    const found = `The layout of ${what} has ${layout.lengthBytes} bytes`;
    if (layout.lengthBytes > longest) {
      throw new RangeError(`${found}, and a ${fd ? "CAN FD" : "classic"} frame has ${longest} at most`);
    }
    throw new RangeError(`${found}, and its protection wants ${protection?.leastBytes} at least`);
  }
  if (!MODES.includes(mode)) throw new TypeError(`The mode is one of ${MODES.join(", ")}, not ${String(mode)}`);
  if (cycleMs !== undefined && !(cycleMs >= 1 && cycleMs <= 3_600_000)) {
    throw new RangeError(`cycleMs of a mapped message is from 1 to 3600000, not ${String(cycleMs)}`);
  }
  if (cycleMs === undefined && mode.startsWith("cyclic"))
    throw new TypeError(`A message of mode ${mode} needs cycleMs`);
  if (!(timeoutCycles >= 1)) throw new RangeError(`timeoutCycles is at least 1, not ${String(timeoutCycles)}`);
  if (!Number.isInteger(maxCounterStep) || maxCounterStep < 1) {
    throw new RangeError(`maxCounterStep is an integer from 1, not ${String(maxCounterStep)}`);
  }
  const cycleNs = cycleMs === undefined ? undefined : cycleMs * 1e6;
  return { id, layout, mode, cycleNs, timeoutCycles, protection, maxCounterStep, fd, bitRateSwitch };
}
