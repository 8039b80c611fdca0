import type { ReceivedFrame, Timestamp } from "../bus.js";
import type { CanFrame } from "../frame.js";

/** Which way a frame of a log went: `sent` from the machine that logged, or `received` from another node. */
export type LogDirection = "received" | "sent";

/** A frame as a log has it. */
export interface LogRecord {
  readonly timestamp: Timestamp;
  /** Such as `can0`. */
  readonly interfaceName: string;
  readonly frame: CanFrame;
  /** Absent if the log does not say. */
  readonly direction?: LogDirection;
}

/** What a log has of a frame that a bus gave. */
export function logRecordOf({ timestamp, interfaceName, frame, origin }: ReceivedFrame): LogRecord {
  return { timestamp, interfaceName, frame, direction: origin === "remote" ? "received" : "sent" };
}
