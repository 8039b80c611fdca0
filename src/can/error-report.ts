import {
  type ControllerProblem,
  controllerProblems,
  ErrorClass,
  type ProtocolLocation,
  type ProtocolViolation,
  protocolLocations,
  protocolViolations,
  type WireFault,
  wireFaults,
} from "./error-class.js";
import { type ErrorFrame, errorFrame } from "./frame.js";

/**
 * An error frame in words. A part is undefined if its class is not reported; what the kernel has no name for is given as
 * its number.
 *
 * ```
 *  data   0            1            2          3          4            5         6            7
 *       | bit where  | controller | protocol | protocol | transceiver | reserved | tx errors | rx errors |
 *       | arb. lost  | problems   | violation| location | CANL | CANH |          |           |           |
 * ```
 *
 * Source: linux/can/error.h.
 */
export interface CanErrorReport {
  readonly txTimeout: boolean;
  /** `bit`: number of the bit in the frame, 1 to 255; undefined if the controller does not tell. */
  readonly lostArbitration: { readonly bit: number | undefined } | undefined;
  /** Empty if the controller does not say what its problem is. */
  readonly controller: readonly (ControllerProblem | number)[] | undefined;
  readonly protocol: ProtocolReport | undefined;
  readonly transceiver: TransceiverReport | undefined;
  /** Nobody acknowledged a frame. */
  readonly noAcknowledge: boolean;
  readonly busOff: boolean;
  readonly busError: boolean;
  readonly restarted: boolean;
  /** 0 to 255 each. Also taken from drivers that fill them in without saying so, unless both are 0. */
  readonly counters: { readonly tx: number; readonly rx: number } | undefined;
}

export interface ProtocolReport {
  readonly violations: readonly ProtocolViolation[];
  /** Where in the frame; undefined if not told. */
  readonly location: ProtocolLocation | number | undefined;
}

export interface TransceiverReport {
  readonly canHigh: WireFault | number | undefined;
  readonly canLow: WireFault | number | undefined;
  /** CAN_L is shorted to CAN_H. */
  readonly shortCircuit: boolean;
}

/** A report of nothing, to be spread into the one that is wanted. */
export const emptyErrorReport: CanErrorReport = {
  txTimeout: false,
  lostArbitration: undefined,
  controller: undefined,
  protocol: undefined,
  transceiver: undefined,
  noAcknowledge: false,
  busOff: false,
  busError: false,
  restarted: false,
  counters: undefined,
};

/** Short circuit between the wires in data[4] (`CAN_ERR_TRX_CANL_SHORT_TO_CANH`). */
const SHORT_CIRCUIT = 0x80;

/** What an error frame says. Bytes that it lacks count as 0. */
export function decodeErrorFrame({ classes, data }: ErrorFrame): CanErrorReport {
  const byte = (index: number): number => data[index] ?? 0;
  const has = (bit: number): boolean => (classes & bit) !== 0;
  const hasCounters = has(ErrorClass.COUNTERS) || byte(6) !== 0 || byte(7) !== 0;
  return {
    txTimeout: has(ErrorClass.TX_TIMEOUT),
    lostArbitration: has(ErrorClass.LOST_ARBITRATION) ? { bit: byte(0) || undefined } : undefined,
    controller: has(ErrorClass.CONTROLLER) ? namesOfBits(controllerProblems, byte(1)) : undefined,
    protocol: has(ErrorClass.PROTOCOL)
      ? {
          violations: namesOfBits(protocolViolations, byte(2)) as ProtocolViolation[],
          location: nameOfValue(protocolLocations, byte(3)),
        }
      : undefined,
    transceiver: has(ErrorClass.TRANSCEIVER) ? decodeTransceiver(byte(4)) : undefined,
    noAcknowledge: has(ErrorClass.NO_ACKNOWLEDGE),
    busOff: has(ErrorClass.BUS_OFF),
    busError: has(ErrorClass.BUS_ERROR),
    restarted: has(ErrorClass.RESTARTED),
    counters: hasCounters ? { tx: byte(6), rx: byte(7) } : undefined,
  };
}

/** Makes the error frame that says what the report says. @throws RangeError if a number does not fit its place. */
export function encodeErrorFrame(report: Partial<CanErrorReport>): ErrorFrame {
  const { lostArbitration, controller, protocol, transceiver, counters } = { ...emptyErrorReport, ...report };
  let classes = 0;
  const flags: readonly (readonly [unknown, number])[] = [
    [report.txTimeout, ErrorClass.TX_TIMEOUT],
    [lostArbitration, ErrorClass.LOST_ARBITRATION],
    [controller, ErrorClass.CONTROLLER],
    [protocol, ErrorClass.PROTOCOL],
    [transceiver, ErrorClass.TRANSCEIVER],
    [report.noAcknowledge, ErrorClass.NO_ACKNOWLEDGE],
    [report.busOff, ErrorClass.BUS_OFF],
    [report.busError, ErrorClass.BUS_ERROR],
    [report.restarted, ErrorClass.RESTARTED],
    [counters, ErrorClass.COUNTERS],
  ];
  for (const [present, bit] of flags) if (present) classes |= bit;
  return errorFrame(classes, [
    lostArbitration?.bit ?? 0,
    bitsOfNames(controllerProblems, controller ?? []),
    bitsOfNames(protocolViolations, protocol?.violations ?? []),
    valueOfName(protocolLocations, protocol?.location),
    transceiver === undefined ? 0 : encodeTransceiver(transceiver),
    0,
    counters?.tx ?? 0,
    counters?.rx ?? 0,
  ]);
}

/** The report as one line for people, such as `bus off; counters tx 248 rx 0`. */
export function describeErrorFrame(frame: ErrorFrame): string {
  const report = decodeErrorFrame(frame);
  const { lostArbitration, controller, protocol, transceiver, counters } = report;
  const parts: string[] = [];
  if (report.txTimeout) parts.push("transmit timeout");
  if (lostArbitration) parts.push(`lost arbitration${lostArbitration.bit ? ` at bit ${lostArbitration.bit}` : ""}`);
  if (controller) parts.push(`controller ${controller.join(", ") || "problem"}`);
  if (protocol) parts.push(describeProtocol(protocol));
  if (transceiver) parts.push(describeTransceiver(transceiver));
  if (report.noAcknowledge) parts.push("no acknowledge");
  if (report.busOff) parts.push("bus off");
  if (report.busError) parts.push("bus error");
  if (report.restarted) parts.push("controller restarted");
  if (counters) parts.push(`counters tx ${counters.tx} rx ${counters.rx}`);
  return parts.join("; ") || `class 0x${frame.classes.toString(16)}`;
}

function describeProtocol({ violations, location }: ProtocolReport): string {
  const what = violations.join(", ") || "unspecified";
  return `protocol violation ${what}${location === undefined ? "" : ` in ${location}`}`;
}

function describeTransceiver({ canHigh, canLow, shortCircuit }: TransceiverReport): string {
  const faults = [
    ...(canHigh === undefined ? [] : [`CAN_H ${canHigh}`]),
    ...(canLow === undefined ? [] : [`CAN_L ${canLow}`]),
    ...(shortCircuit ? ["CAN_L shorted to CAN_H"] : []),
  ];
  return `transceiver ${faults.join(", ") || "problem"}`;
}

function decodeTransceiver(byte: number): TransceiverReport {
  return {
    canHigh: nameOfValue(wireFaults, byte & 0x0f),
    canLow: nameOfValue(wireFaults, (byte >> 4) & 0x07),
    shortCircuit: (byte & SHORT_CIRCUIT) !== 0,
  };
}

function encodeTransceiver({ canHigh, canLow, shortCircuit }: TransceiverReport): number {
  const high = valueOfName(wireFaults, canHigh);
  const low = valueOfName(wireFaults, canLow);
  if (high > 0x0f || low > 0x07) throw new RangeError(`A wire fault has 4 bits, 3 for CAN_L; found ${high} and ${low}`);
  return high | (low << 4) | (shortCircuit ? SHORT_CIRCUIT : 0);
}

/** The names of the bits that are set, and the bits without a name as one number each. */
function namesOfBits<Name extends string>(table: Readonly<Record<Name, number>>, bits: number): (Name | number)[] {
  const names: (Name | number)[] = [];
  for (let bit = 1; bit <= 0x80; bit <<= 1) {
    if ((bits & bit) !== 0) names.push(nameOfValue(table, bit) as Name | number);
  }
  return names;
}

function bitsOfNames<Name extends string>(
  table: Readonly<Record<Name, number>>,
  names: readonly (Name | number)[],
): number {
  return names.reduce<number>((bits, name) => bits | valueOfName(table, name), 0);
}

function nameOfValue<Name extends string>(
  table: Readonly<Record<Name, number>>,
  value: number,
): Name | number | undefined {
  if (value === 0) return undefined;
  const found = Object.entries(table).find(([, each]) => each === value);
  return found === undefined ? value : (found[0] as Name);
}

function valueOfName<Name extends string>(
  table: Readonly<Record<Name, number>>,
  name: Name | number | undefined,
): number {
  if (typeof name === "number") return name;
  return name === undefined ? 0 : table[name];
}
