import { defineProtocol } from "../../src/channel/index.js";
import {
  array,
  bool,
  bytes,
  enumOf,
  f32,
  f64,
  fixedBytes,
  fixedText,
  i8,
  i16,
  i32,
  i64,
  i64AsNumber,
  struct,
  text,
  typedArray,
  u8,
  u16,
  u32,
  u64,
  u64AsNumber,
} from "../../src/schema/index.js";

const Mode = enumOf("Mode", { idle: 0, runFast: 1, class: 7 }, u8);
const Level = enumOf("Level", { lowest: -2147483648, zero: 0, high: 2147483647 }, i32);
const Flag = enumOf("Flag", { none: 0, top: 0x8000_0000, all: 0xffff_ffff }, u32);

const Point = struct("Point", { x: i16, visible: bool, y: f64 });
const Label = struct("Label", { kind: Mode, text: text(5) });

/** Every type, alone, nested and in arrays, with padding in every place where it can be. */
export const Everything = struct("Everything", {
  tiny: u8,
  flag: bool,
  half: u16,
  word: u32,
  wide: u64,
  signedTiny: i8,
  signedShort: i16,
  signedWord: i32,
  signedLong: i64,
  countNs: u64AsNumber,
  offsetNs: i64AsNumber,
  ratio: f32,
  precise: f64,
  mode: Mode,
  level: Level,
  flags: Flag,
  modes: array(Mode, 3),
  bits: array(array(bool, 2), 3),
  samples: typedArray(i16, 3),
  raw: fixedBytes(3),
  name: fixedText(7),
  names: array(fixedText(3), 2),
  note: text(9),
  blob: bytes(5),
  blobs: array(bytes(3), 2),
  label: Label,
  points: array(Point, 2),
  grid: array(array(Label, 2), 2),
});

/** Ends after the used bytes of its last field. */
export const Log = struct("Log", { atNs: u64, severity: Mode, text: text(40) });
const Chunk = struct("Chunk", { offset: u32, data: bytes(70_000) });
const Page = struct("Page", { number: u8, data: bytes(65_535) });
const Empty = struct("Empty", {});
const Counter = struct("Counter", { value: u32 });

/** Everything that a protocol can have. */
export const everythingProtocol = defineProtocol("everything", {
  messages: { everything: Everything, log: Log, counter: Counter, ping: Empty, chunk: Chunk, page: Page },
  broadcasts: { alarm: Log, tick: Counter, hello: Empty },
  requests: {
    echo: { request: Everything, reply: Everything },
    add: { request: Counter, reply: Counter },
    reset: { request: Empty, reply: Empty },
    tell: { request: Log, reply: Log },
  },
  topics: { state: Everything, last: Log, count: Counter, seen: Empty },
});

const Keywords = struct("Template", {
  class: u8,
  Int: u16,
  new: bool,
  errno: u32,
  padding: u8,
  HTTPServer: u8,
  u8Data: u8,
});

/** Names that C, C++ or their headers keep, and that change from TypeScript to C. */
export const keywordProtocol = defineProtocol("namesOfC", {
  messages: { delete: Keywords, Template: Keywords },
  requests: { New: { request: Keywords, reply: Keywords } },
  topics: { operator: Keywords },
});

/** Nothing but requests. */
export const askingProtocol = defineProtocol("asking", { requests: { ask: { request: Counter, reply: Log } } });

/** Nothing at all. */
export const silentProtocol = defineProtocol("silent", {});
