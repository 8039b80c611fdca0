import { ErrorCode, IntercellError } from "../../errors.js";
import type { Timestamp } from "../bus.js";
import { timestampOfMs } from "../timestamp.js";

/** Whose clock the date in the head of an ASC log shows; the log itself does not say. */
export type AscTimeZone = "local" | "utc";

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** Months that a German Windows writes otherwise, by their first three letters. */
const germanMonths: Readonly<Record<string, number>> = { mär: 2, mrz: 2, mai: 4, okt: 9, dez: 11 };

/** `date Wed Apr 16 09:21:13.159 am 2014`; the fraction and am or pm may be missing, the day of the week is not looked at. */
const form = /^date\s+\S+\s+(\S+)\s+(\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?:\s+([ap]m))?\s+(\d{4})$/i;

/** @throws IntercellError `ERR_DECODE` if it is no date. */
export function parseAscDate(line: string, zone: AscTimeZone): Timestamp {
  const [whole, name = "", day, hour, minute, second, fraction = "0", half, year] = form.exec(line.trim()) ?? [];
  const month = monthOf(name);
  if (whole === undefined || month === undefined) {
    const wanted = "date Wed Apr 16 09:21:13.159 am 2014";
    throw new IntercellError(ErrorCode.DECODE, `${JSON.stringify(line.slice(0, 80))} is no date such as ${wanted}`);
  }
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  const parts = [Number(year), month, Number(day), hours, Number(minute), Number(second)] as const;
  const ms = zone === "utc" ? Date.UTC(...parts) : new Date(...parts).getTime();
  return { ...timestampOfMs(ms), nanoseconds: Number(fraction.padEnd(9, "0")) };
}

/** As {@link parseAscDate} reads it, to the millisecond, with am or pm. */
export function formatAscDate(timestamp: Timestamp, zone: AscTimeZone): string {
  const local = new Date(timestamp.seconds * 1000);
  // A date whose UTC fields are those to be shown.
  const shown = zone === "utc" ? local : new Date(local.getTime() - local.getTimezoneOffset() * 60_000);
  const hours = shown.getUTCHours();
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = `${two(hours % 12 === 0 ? 12 : hours % 12)}:${two(shown.getUTCMinutes())}:${two(shown.getUTCSeconds())}`;
  const fraction = String(Math.floor(timestamp.nanoseconds / 1e6)).padStart(3, "0");
  const half = hours < 12 ? "am" : "pm";
  const date = `${days[shown.getUTCDay()]} ${months[shown.getUTCMonth()]} ${two(shown.getUTCDate())}`;
  return `date ${date} ${clock}.${fraction} ${half} ${shown.getUTCFullYear()}`;
}

function monthOf(name: string): number | undefined {
  const short = name.slice(0, 3).toLowerCase();
  const index = months.findIndex((month) => month.toLowerCase() === short);
  return index >= 0 ? index : germanMonths[short];
}
