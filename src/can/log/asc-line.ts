import { ErrorCode, IntercellError } from "../../errors.js";
import { fdDlcOfLength, fdLengthOfDlc, MAX_CLASSIC_LENGTH, MAX_DLC, MAX_FD_LENGTH, MAX_XL_LENGTH } from "../dlc.js";
import { ErrorClass } from "../error-class.js";
import { type CanFrame, errorFrame, type XlFrame } from "../frame.js";
import { type CanId, extendedId, idBits, isExtended, MAX_EXTENDED_ID, MAX_STANDARD_ID, standardId } from "../id.js";
import type { LogDirection } from "./record.js";

/*
 * Events of Vector's ASC logs that are frames, after their time ("CAN, Log & Trigger ASC Logging Format", and log2asc.c
 * and asc2log.c of can-utils). Fields in parentheses may be missing; what follows the last one is not looked at.
 *
 *   channel id direction d dlc data…                              classic data, in the base that the head of the log names
 *   channel id direction r (dlc)                                  classic remote
 *   channel ErrorFrame
 *   CANFD channel direction id (name) brs esi dlc length data… duration bits flags
 *   CANFD channel direction ErrorFrame
 *   CANXL channel direction format duration bits id (name) dlc length data… …             format CBFF, CEFF, FBFF or FEFF
 *   CANXL channel direction XLFF duration bits priority (name) sdt sec dlc length sbc crc vcid af data… fcrc flags
 *
 * The two with a tag are hexadecimal but for channel and length. An id ends in `x` if it is extended.
 */

/** Bits of the field `flags` (asc2log.c). */
const AscFlag = {
  REMOTE: 0x10,
  FDF: 0x1000,
  BRS: 0x2000,
  ESI: 0x4000,
  XLF: 0x40_0000,
  RRS: 0x80_0000,
  SEC: 0x100_0000,
} as const;

/** A frame as a line has it. */
export interface AscEvent {
  /** 1 and up. */
  readonly channel: number;
  readonly frame: CanFrame;
  readonly direction?: LogDirection;
}

/**
 * Reads the fields of a line after its time; undefined if the event is no frame.
 *
 * @param base of numbers in lines without a tag: 16 or 10.
 * @throws IntercellError `ERR_DECODE` if it should be a frame and is none.
 */
export function parseAscEvent(fields: readonly string[], base: 10 | 16): AscEvent | undefined {
  const [first = "", second = "", third = ""] = fields;
  if (first === "CANFD") return parseTagged(fields, (rest, brief) => parseFd(rest, brief));
  if (first === "CANXL") return parseTagged(fields, (rest, brief) => parseXlLine(rest, brief));
  if (!/^\d+$/.test(first)) return undefined;
  if (second === "ErrorFrame") return { channel: parseChannel(first), frame: unknownError() };
  // TxRq says that a frame was asked for; Tx follows once it is on the bus.
  if (third !== "Rx" && third !== "Tx") return undefined;
  const direction = third === "Tx" ? "sent" : "received";
  return { channel: parseChannel(first), frame: parseClassic(fields, base), direction };
}

/** The fields of a line after its time, in columns as log2asc has them. Durations, counts of bits and checksums are 0. */
export function formatAscEvent({ channel, frame, direction = "received" }: AscEvent): string {
  const way = (direction === "sent" ? "Tx" : "Rx").padEnd(4);
  const tagged = `${String(channel).padStart(3)} ${way}`;
  switch (frame.kind) {
    case "error":
      return `${String(channel).padEnd(2)} ErrorFrame`;
    case "data":
    case "remote": {
      const head = `${String(channel).padEnd(2)} ${formatAscId(frame.id).padEnd(15)} ${way}`;
      const dlc = frame.dlc.toString(16).toUpperCase();
      return frame.kind === "remote" ? `${head} r ${dlc}` : `${head} d ${dlc}${formatBytes(frame.data)}`;
    }
    case "fd": {
      const [brs, esi] = [frame.bitRateSwitch, frame.errorStateIndicator];
      const flags = AscFlag.FDF | (brs ? AscFlag.BRS : 0) | (esi ? AscFlag.ESI : 0);
      const length = frame.data.length;
      const code = `${brs ? 1 : 0} ${esi ? 1 : 0} ${fdDlcOfLength(length).toString(16)} ${String(length).padStart(2)}`;
      const tail = `${"0".padStart(8)} ${"0".padStart(4)} ${flags.toString(16).padStart(8)} 0 0 0 0 0`;
      return `CANFD ${tagged} ${formatAscId(frame.id).padStart(11)} ${" ".repeat(32)} ${code}${formatBytes(frame.data)} ${tail}`;
    }
    case "xl":
      return `CANXL ${tagged} XLFF 0 0 ${formatXl(frame)}`;
  }
}

function parseClassic(fields: readonly string[], base: 10 | 16): CanFrame {
  const [, idText = "", , type = "", dlcText = "0", ...rest] = fields;
  const id = parseAscId(idText, base);
  const dlc = /^[0-9a-f]$/i.test(dlcText) ? Number.parseInt(dlcText, 16) : undefined;
  // A remote frame of an old version has no length code; what may follow are comments such as "Length = 0".
  if (type === "r") return { kind: "remote", id, dlc: dlc ?? 0 };
  if (type !== "d") throw malformed(`${JSON.stringify(type)} is neither d for data nor r for remote`);
  if (dlc === undefined) throw malformed(`${JSON.stringify(dlcText)} is no length code from 0 to F`);
  return { kind: "data", id, dlc, data: parseBytes(rest, Math.min(dlc, MAX_CLASSIC_LENGTH), base) };
}

/** Reads channel and direction, and gives the rest to `parse`: as if it had no symbolic name, and if that fails, one. */
function parseTagged(
  fields: readonly string[],
  parse: (rest: readonly string[], named: boolean) => CanFrame | undefined,
): AscEvent | undefined {
  const [tag = "", channelText = "", way = "", ...rest] = fields;
  if (way !== "Rx" && way !== "Tx") return undefined;
  const channel = parseChannel(channelText);
  const direction: LogDirection = way === "Tx" ? "sent" : "received";
  if (rest[0] === "ErrorFrame") return { channel, frame: unknownError() };
  const frame = parse(rest, false) ?? parse(rest, true);
  if (frame === undefined) throw malformed(`its fields are not those of a ${tag} message`);
  return { channel, frame, direction };
}

function parseFd(rest: readonly string[], named: boolean): CanFrame | undefined {
  const [idText = "", ...after] = rest;
  const [brs = "", esi = "", dlcText = "", lengthText = "", ...tail] = named ? after.slice(1) : after;
  if (!/^[01]$/.test(brs) || !/^[01]$/.test(esi) || !isCount(dlcText, lengthText)) return undefined;
  const length = Number(lengthText);
  // Duration and number of bits stand before the flags.
  const flags = Number.parseInt(tail[length + 2] ?? AscFlag.FDF.toString(16), 16);
  const id = parseAscId(idText, 16);
  if ((flags & AscFlag.FDF) === 0) return classicOf(id, dlcText, length, tail, (flags & AscFlag.REMOTE) !== 0);
  return fdOf(id, brs === "1", esi === "1", parseBytes(tail, requireFdLength(length), 16));
}

function parseXlLine(rest: readonly string[], named: boolean): CanFrame | undefined {
  const [format = "", , , idText = "", ...after] = rest;
  const fields = named ? after.slice(1) : after;
  if (format === "XLFF") return parseXl(idText, fields);
  const [dlcText = "", lengthText = "", ...tail] = fields;
  if (!/^[CF][BE]FF$/.test(format)) throw malformed(`${JSON.stringify(format)} is no format of a frame, such as XLFF`);
  if (!isCount(dlcText, lengthText)) return undefined;
  const length = Number(lengthText);
  const id = parseAscId(idText, 16);
  const isFd = format.startsWith("F");
  // A checksum stands before the flags, and with CAN FD the count of stuff bits before that.
  const flags = Number.parseInt(tail[length + (isFd ? 2 : 1)] ?? "0", 16);
  if (!isFd) return classicOf(id, dlcText, length, tail, (flags & AscFlag.REMOTE) !== 0);
  const data = parseBytes(tail, requireFdLength(length), 16);
  return fdOf(id, (flags & AscFlag.BRS) !== 0, (flags & AscFlag.ESI) !== 0, data);
}

function parseXl(priorityText: string, fields: readonly string[]): XlFrame | undefined {
  const [sdt = "", sec = "", dlcText = "", lengthText = "", , , network = "", acceptance = "", ...tail] = fields;
  const isBrief = /^[0-9a-f]{1,2}$/i;
  if (!isBrief.test(sdt) || !/^[01]$/.test(sec) || !isCount(dlcText, lengthText)) return undefined;
  if (!isBrief.test(network) || !/^[0-9a-f]{1,8}$/i.test(acceptance)) return undefined;
  const length = Number(lengthText);
  if (length < 1 || length > MAX_XL_LENGTH) throw malformed(`${length} is no length of a CAN XL frame`);
  const priority = parseAscId(priorityText, 16);
  if (isExtended(priority)) throw malformed("a CAN XL frame has a priority of 11 bits");
  return {
    kind: "xl",
    priority,
    virtualNetwork: Number.parseInt(network, 16),
    sduType: Number.parseInt(sdt, 16),
    acceptance: Number.parseInt(acceptance, 16),
    extendedContent: sec === "1",
    remoteRequest: (Number.parseInt(tail[length + 1] ?? "0", 16) & AscFlag.RRS) !== 0,
    data: parseBytes(tail, length, 16),
  };
}

function formatXl(frame: XlFrame): string {
  const { data, priority, sduType, extendedContent, remoteRequest, virtualNetwork, acceptance } = frame;
  const flags =
    AscFlag.XLF | AscFlag.FDF | AscFlag.BRS | (extendedContent ? AscFlag.SEC : 0) | (remoteRequest ? AscFlag.RRS : 0);
  const head = `${formatAscId(priority).padStart(9)} ${" ".repeat(32)} ${hex(sduType, 2)} ${extendedContent ? 1 : 0}`;
  const code = `${(data.length - 1).toString(16)} ${data.length} 0 0 ${hex(virtualNetwork, 2)} ${hex(acceptance, 8)}`;
  return `${head} ${code}${formatBytes(data)} 0 ${hex(flags, 8)} 00000000`;
}

/** A classic frame in a line with a tag, where a remote frame has a length code and the length 0. */
function classicOf(id: CanId, dlcText: string, length: number, tail: readonly string[], remote: boolean): CanFrame {
  const dlc = Number.parseInt(dlcText, 16);
  if (dlc > MAX_DLC) throw malformed(`${dlcText} is no length code from 0 to F`);
  if (remote) return { kind: "remote", id, dlc };
  if (length !== Math.min(dlc, MAX_CLASSIC_LENGTH)) throw malformed(`length ${length} is not that of code ${dlcText}`);
  return { kind: "data", id, dlc, data: parseBytes(tail, length, 16) };
}

function fdOf(id: CanId, bitRateSwitch: boolean, errorStateIndicator: boolean, data: Uint8Array): CanFrame {
  return { kind: "fd", id, bitRateSwitch, errorStateIndicator, data };
}

function requireFdLength(length: number): number {
  if (length <= MAX_FD_LENGTH && fdLengthOfDlc(fdDlcOfLength(length)) === length) return length;
  throw malformed(`${length} is no length of a CAN FD frame`);
}

function isCount(dlcText: string, lengthText: string): boolean {
  return /^[0-9a-f]{1,3}$/i.test(dlcText) && /^\d{1,4}$/.test(lengthText);
}

function parseChannel(text: string): number {
  const channel = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (channel < 1) throw malformed(`${JSON.stringify(text)} is no channel, which are counted from 1`);
  return channel;
}

function parseAscId(text: string, base: 10 | 16): CanId {
  const [, digits, mark] = (base === 16 ? /^([0-9a-f]{1,8})(x?)$/i : /^(\d{1,10})(x?)$/i).exec(text) ?? [];
  const value = Number.parseInt(digits ?? "", base);
  if (mark !== "" && value <= MAX_EXTENDED_ID) return extendedId(value);
  if (mark === "" && value <= MAX_STANDARD_ID) return standardId(value);
  throw malformed(`${JSON.stringify(text)} is no id in base ${base}, with x after it if it has 29 bits`);
}

function formatAscId(id: CanId): string {
  return idBits(id).toString(16).toUpperCase() + (isExtended(id) ? "x" : "");
}

function parseBytes(fields: readonly string[], count: number, base: 10 | 16): Uint8Array {
  const form = base === 16 ? /^[0-9a-f]{1,2}$/i : /^\d{1,3}$/;
  const bytes = new Uint8Array(count);
  for (let index = 0; index < count; index += 1) {
    const text = fields[index] ?? "";
    const value = form.test(text) ? Number.parseInt(text, base) : Number.NaN;
    if (!(value <= 0xff)) throw malformed(`byte ${index} of ${count} is ${JSON.stringify(text)} in base ${base}`);
    bytes[index] = value;
  }
  return bytes;
}

function formatBytes(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += ` ${hex(byte, 2).toUpperCase()}`;
  return text;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** Nothing is known of an error frame but that there was one. */
function unknownError(): CanFrame {
  return errorFrame(ErrorClass.BUS_ERROR);
}

function malformed(fault: string): IntercellError {
  return new IntercellError(ErrorCode.DECODE, fault);
}
