import { describe, expect, test } from "vitest";
import { formatAscDate, parseAscDate } from "../../../src/can/log/asc-date.js";

describe("ASC date", () => {
  test.each([
    ["date Wed Apr 16 09:21:13.159 am 2014", "2014-04-16T09:21:13.159Z"],
    ["date Wed Apr 16 09:21:13 pm 2014", "2014-04-16T21:21:13.000Z"],
    ["date Wed Apr 16 12:00:00.000 am 2014", "2014-04-16T00:00:00.000Z"],
    ["date Wed Apr 16 12:00:00.000 PM 2014", "2014-04-16T12:00:00.000Z"],
    ["date Fri Jul 10 06:17:32 2015", "2015-07-10T06:17:32.000Z"],
    ["date Sat Sep  3 15:06:13.191 2017", "2017-09-03T15:06:13.191Z"],
    ["date Mit Mai 6 15:06:13.191 2020", "2020-05-06T15:06:13.191Z"],
    ["date Don Mär 5 15:06:13,191 2020", "2020-03-05T15:06:13.191Z"],
    ["date Die Dez 15 15:06:13.5 2020\r", "2020-12-15T15:06:13.500Z"],
  ])("parseAscDate() reads %s", (line, wanted) => {
    const { seconds, nanoseconds } = parseAscDate(line, "utc");
    expect(new Date(seconds * 1000 + nanoseconds / 1e6).toISOString()).toBe(wanted);
  });

  test.each(["date", "date Wed Apr 16", "date Wed Foo 16 09:21:13 2014", "date 2014-04-16 09:21:13", ""])(
    "parseAscDate() throws ERR_DECODE when it is %j",
    (line) => {
      expect(() => parseAscDate(line, "utc")).toThrow(expect.objectContaining({ code: "ERR_DECODE" }));
    },
  );

  test("formatAscDate() writes what parseAscDate() reads, in either zone and at any time of the day", () => {
    for (const zone of ["utc", "local"] as const) {
      for (let hour = 0; hour < 24; hour += 1) {
        const moment = { seconds: Date.UTC(2024, 1, 29, hour, 5, 9) / 1000, nanoseconds: 7_000_000 };
        expect(parseAscDate(formatAscDate(moment, zone), zone)).toEqual(moment);
      }
    }
    expect(formatAscDate({ seconds: 0, nanoseconds: 1_999_999 }, "utc")).toBe("date Thu Jan 01 12:00:00.001 am 1970");
  });
});
