import {
  type CanFrame,
  describeErrorFrame,
  formatId,
  idWord,
  isExtended,
  type ReceivedFrame,
  type Timestamp,
} from "../can/index.js";
import type { Palette } from "./palette.js";

/** Column after the data of 8 bytes at which candump writes ERRORFRAME. */
const ERROR_WIDTH = 13;
const BYTE_WIDTH = 3;
const CLASSIC_BYTES = 8;

/** What candump writes before a standard id once an extended one was shown, so that they are in line. */
const INDENT = "     ";

/**
 * Gives frames as candump shows them to people (can-utils, lib.c and candump.c): id, length, bytes. CAN XL is shown in its
 * compact form.
 */
export function createLongFormat(formatCompact: (frame: CanFrame) => string): (frame: CanFrame) => string {
  let indented = false;
  return (frame) => {
    if (!("id" in frame)) return formatLong(frame, formatCompact);
    if (isExtended(frame.id)) indented = true;
    else if (indented) return INDENT + formatLong(frame, formatCompact);
    return formatLong(frame, formatCompact);
  };
}

function formatLong(frame: CanFrame, formatCompact: (frame: CanFrame) => string): string {
  switch (frame.kind) {
    case "data":
      return `${formatId(frame.id)}   [${frame.data.length}] ${spaced(frame.data)}`;
    case "remote":
      return `${formatId(frame.id)}   [${Math.min(frame.dlc, CLASSIC_BYTES)}]  remote request`;
    case "fd":
      return `${formatId(frame.id)}  [${String(frame.data.length).padStart(2, "0")}] ${spaced(frame.data)}`;
    case "error": {
      const id = idWord(frame).toString(16).toUpperCase().padStart(8, "0");
      const width = BYTE_WIDTH * (CLASSIC_BYTES - frame.data.length) + ERROR_WIDTH;
      return `${id}   [${frame.data.length}] ${spaced(frame.data)}${"ERRORFRAME".padStart(width)}`;
    }
    case "xl":
      return formatCompact(frame);
  }
}

/** Colours a line for a terminal: error frames stand out, remote frames are faint. */
export function colourLine(palette: Palette, frame: CanFrame, text: string): string {
  if (frame.kind === "error") return palette.bad(text);
  return frame.kind === "remote" ? palette.faint(text) : text;
}

/** A frame as one line of JSON, its end included: bytes in hexadecimal, the moment exact to the nanosecond. */
export function formatJson({ frame, timestamp, origin, interfaceName }: ReceivedFrame): string {
  const moment = `${timestamp.seconds}.${String(timestamp.nanoseconds).padStart(9, "0")}`;
  return `${JSON.stringify({ interface: interfaceName, timestamp: moment, origin, ...partsOf(frame) })}\n`;
}

function partsOf(frame: CanFrame): object {
  const data = "data" in frame ? { data: Buffer.from(frame.data).toString("hex") } : {};
  switch (frame.kind) {
    case "data":
    case "remote":
      return { kind: frame.kind, id: formatId(frame.id), dlc: frame.dlc, ...data };
    case "fd": {
      const { bitRateSwitch, errorStateIndicator } = frame;
      return { kind: frame.kind, id: formatId(frame.id), bitRateSwitch, errorStateIndicator, ...data };
    }
    case "error":
      return { kind: frame.kind, classes: frame.classes, meaning: describeErrorFrame(frame), ...data };
    case "xl": {
      const { kind, priority, virtualNetwork, sduType, acceptance, extendedContent, remoteRequest } = frame;
      return { kind, priority, virtualNetwork, sduType, acceptance, extendedContent, remoteRequest, ...data };
    }
  }
}

/** What is written before each line: `a` the moment, `d` since the line before, `z` since the first, `A` the date. */
export type TimeStyle = "a" | "A" | "d" | "z";

/** Gives the moments of lines in a style of candump's `-t`, with microseconds. */
export function createTimeFormat(style: TimeStyle): (timestamp: Timestamp) => string {
  let last: Timestamp | undefined;
  return (timestamp) => {
    const since = last ?? timestamp;
    if (style === "d" || last === undefined) last = timestamp;
    if (style === "a") return ` (${moment(timestamp)}) `;
    if (style === "A") return ` (${date(timestamp)}) `;
    return ` (${moment(difference(since, timestamp)).slice(-10).padStart(10, "0")}) `;
  };
}

function difference(from: Timestamp, to: Timestamp): Timestamp {
  const borrow = to.nanoseconds < from.nanoseconds ? 1 : 0;
  const seconds = Math.max(0, to.seconds - from.seconds - borrow);
  return { seconds, nanoseconds: to.nanoseconds - from.nanoseconds + borrow * 1e9 };
}

function moment({ seconds, nanoseconds }: Timestamp): string {
  return `${String(seconds).padStart(10, "0")}.${micros(nanoseconds)}`;
}

/** Local time, as candump has it. */
function date({ seconds, nanoseconds }: Timestamp): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const at = new Date(seconds * 1000);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${micros(nanoseconds)}`;
}

function micros(nanoseconds: number): string {
  return String(Math.floor(nanoseconds / 1000)).padStart(6, "0");
}

function spaced(data: Uint8Array): string {
  return [...data].map((byte) => ` ${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
