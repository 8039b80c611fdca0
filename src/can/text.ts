import { ErrorCode, IntercellError } from "../errors.js";
import { MAX_CLASSIC_LENGTH, MAX_FD_LENGTH, MAX_XL_LENGTH } from "./dlc.js";
import type { CanFrame, DataFrame, ErrorFrame, FdFrame, RemoteFrame, XlFrame } from "./frame.js";
import { type CanId, formatId, MAX_STANDARD_ID, type StandardId } from "./id.js";
import { FdFlag, fdFlags, IdFlag, idOf, idWord, XlFlag, xlFlags } from "./layout.js";

/*
 * The compact forms of can-utils (lib.h), D a hexadecimal digit and BB one byte:
 *
 *   id#BBBB…       data, 0 to 8 bytes          id##FBBBB…              CAN FD, 0 to 64 bytes; F are the flags
 *   id#BBBB…_D     with a raw length code      VVPPP#FF:SS:AAAAAAAA#BB… CAN XL: virtual network, priority, flags,
 *   id#R  id#RD  id#R8_D   remote                                      SDU type, acceptance, 1 to 2048 bytes
 *
 * Three digits are a standard id, eight an extended one, or an error frame if bit 29 is set.
 */
const classic = /^([0-9a-f]{3}|[0-9a-f]{8})#(?:(r)(?:([0-8])(?:_([9a-f]))?)?|((?:[0-9a-f]{2}\.?)*)(?:_([9a-f]))?)$/i;
const flexible = /^([0-9a-f]{3}|[0-9a-f]{8})##([0-9a-f])\.?((?:[0-9a-f]{2}\.?)*)$/i;
const extraLong = /^([0-9a-f]{2})([0-9a-f]{3})#([0-9a-f]{2}):([0-9a-f]{2}):([0-9a-f]{8})#((?:[0-9a-f]{2}\.?)+)$/i;

/** Longest text of a frame with dots between its bytes, in characters. */
export const MAX_FRAME_TEXT = "VVPPP#FF:SS:AAAAAAAA#".length + 3 * MAX_XL_LENGTH;

/** The frame as `candump -L` prints it. The FDF flag is part of the flags of CAN FD, as kernels from 6.0 on show it. */
export function formatFrame(frame: CanFrame): string {
  switch (frame.kind) {
    case "data":
      return `${formatId(frame.id)}#${formatBytes(frame.data)}${formatRawDlc(frame)}`;
    case "remote": {
      const length = Math.min(frame.dlc, MAX_CLASSIC_LENGTH);
      return `${formatId(frame.id)}#R${length === 0 ? "" : length}${formatRawDlc(frame)}`;
    }
    case "fd": {
      const flags = fdFlags(frame.bitRateSwitch, frame.errorStateIndicator);
      return `${formatId(frame.id)}##${digits(flags, 1)}${formatBytes(frame.data)}`;
    }
    case "error":
      return `${digits(idWord(frame), 8)}#${formatBytes(frame.data)}`;
    case "xl": {
      const name = `${digits(frame.virtualNetwork, 2)}${digits(frame.priority, 3)}`;
      const header = `${digits(xlFlags(frame), 2)}:${digits(frame.sduType, 2)}:${digits(frame.acceptance, 8)}`;
      return `${name}#${header}#${formatBytes(frame.data)}`;
    }
  }
}

/**
 * Reads a frame in any form that candump prints or cansend takes, in capitals or not, with dots between bytes or not.
 *
 * @throws IntercellError `ERR_DECODE` if it is none.
 */
export function parseFrame(text: string): CanFrame {
  const frame = tryParseFrame(text);
  if (frame !== undefined) return frame;
  const forms = "id#data, id#R, id##flags data, or VVPPP#ff:ss:aaaaaaaa#data for CAN XL, all in hexadecimal";
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
  throw new IntercellError(ErrorCode.DECODE, `Cannot read ${shown} as a CAN frame; write it as ${forms}`);
}

/** {@link parseFrame} that gives undefined instead of a throw, for logs. */
export function tryParseFrame(text: string): CanFrame | undefined {
  return parseClassic(text) ?? parseFd(text) ?? parseXl(text);
}

function parseClassic(text: string): DataFrame | RemoteFrame | ErrorFrame | undefined {
  const found = classic.exec(text);
  if (found === null) return undefined;
  const [, name = "", remote, length = "0", remoteRaw, bytes = "", raw] = found;
  const word = Number.parseInt(name, 16);
  const isError = name.length === 8 && (word & IdFlag.ERROR) !== 0;
  const id = parseName(name, word);
  if (id === undefined) return undefined;
  if (remote !== undefined) {
    if (isError || (remoteRaw !== undefined && length !== "8")) return undefined;
    return { kind: "remote", id, dlc: Number.parseInt(remoteRaw ?? length, 16) };
  }
  const data = parseBytes(bytes, MAX_CLASSIC_LENGTH);
  if (data === undefined || (raw !== undefined && data.length !== MAX_CLASSIC_LENGTH)) return undefined;
  if (isError) return raw === undefined ? { kind: "error", classes: word & ~(7 << 29), data } : undefined;
  return { kind: "data", id, dlc: raw === undefined ? data.length : Number.parseInt(raw, 16), data };
}

function parseFd(text: string): FdFrame | undefined {
  const [, name = "", flagDigit = "", bytes = ""] = flexible.exec(text) ?? [];
  if (flagDigit === "") return undefined;
  const word = Number.parseInt(name, 16);
  const id = parseName(name, word);
  const data = parseBytes(bytes, MAX_FD_LENGTH);
  if (id === undefined || data === undefined || (name.length === 8 && (word & IdFlag.ERROR) !== 0)) return undefined;
  const flags = Number.parseInt(flagDigit, 16);
  const bitRateSwitch = (flags & FdFlag.BRS) !== 0;
  return { kind: "fd", id, bitRateSwitch, errorStateIndicator: (flags & FdFlag.ESI) !== 0, data };
}

function parseXl(text: string): XlFrame | undefined {
  const [, network = "", priority = "", flagDigits = "", sdu = "", acceptance = "", bytes = ""] =
    extraLong.exec(text) ?? [];
  const data = parseBytes(bytes, MAX_XL_LENGTH);
  const prio = Number.parseInt(priority, 16);
  if (data === undefined || !(prio <= MAX_STANDARD_ID)) return undefined;
  const flags = Number.parseInt(flagDigits, 16);
  return {
    kind: "xl",
    priority: prio as StandardId,
    virtualNetwork: Number.parseInt(network, 16),
    sduType: Number.parseInt(sdu, 16),
    acceptance: Number.parseInt(acceptance, 16),
    extendedContent: (flags & XlFlag.SEC) !== 0,
    remoteRequest: (flags & XlFlag.RRS) !== 0,
    data,
  };
}

/** Three digits above 0x7ff are no id. Of eight, the flags may be set: can-utils takes a whole `can_id` too. */
function parseName(name: string, word: number): CanId | undefined {
  if (name.length === 3) return word <= MAX_STANDARD_ID ? (word as StandardId) : undefined;
  return idOf((word | IdFlag.EXTENDED) >>> 0);
}

function formatRawDlc({ dlc }: DataFrame | RemoteFrame): string {
  return dlc > MAX_CLASSIC_LENGTH ? `_${digits(dlc, 1)}` : "";
}

function formatBytes(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString("hex").toUpperCase();
}

function parseBytes(text: string, most: number): Uint8Array | undefined {
  const pairs = text.includes(".") ? text.replaceAll(".", "") : text;
  return pairs.length > 2 * most ? undefined : Uint8Array.from(Buffer.from(pairs, "hex"));
}

function digits(value: number, count: number): string {
  return value.toString(16).toUpperCase().padStart(count, "0");
}
