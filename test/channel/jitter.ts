import { defineProtocol } from "../../src/channel/index.js";
import { bool, bytes, i64AsNumber, struct, text, u16, u32 } from "../../src/schema/index.js";

export const Measurement = struct("Measurement", { tick: u32, lastNs: i64AsNumber });
export const Note = struct("Note", { level: u16, line: text(80) });
export const Reset = struct("Reset", { hard: bool });
export const Stats = struct("Stats", { count: u32, worstNs: i64AsNumber });
export const Alarm = struct("Alarm", { code: u16 });
export const Query = struct("Query", { question: bytes(64) });
export const Answer = struct("Answer", { line: text(100) });

/** The protocol of most channel tests: one entry at least of each part. */
export const Jitter = defineProtocol("jitter", {
  messages: { measurement: Measurement, note: Note },
  requests: { reset: { request: Reset, reply: Stats }, ask: { request: Query, reply: Answer } },
  topics: { stats: Stats },
  broadcasts: { alarm: Alarm },
});
