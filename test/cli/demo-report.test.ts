import { expect, test } from "vitest";
import { formatAge, formatMeasurement, formatTime } from "../../src/cli/demo-report.js";

test("formatMeasurement() prints the line of Jailhouse's demo inmate", () => {
  const measurement = { jitterNs: 2592, minNs: 7, maxNs: 1234567 };
  expect(formatMeasurement({ ...measurement, minNs: 2592, maxNs: 2592 })).toBe(
    "Timer fired, jitter:   2592 ns, min:   2592 ns, max:   2592 ns",
  );
  expect(formatMeasurement(measurement)).toBe("Timer fired, jitter:   2592 ns, min:      7 ns, max: 1234567 ns");
});

test.each([
  [0, "0 ns"],
  [999, "999 ns"],
  [1000, "1.0 µs"],
  [71_349, "71.3 µs"],
  [4_800_000, "4.8 ms"],
])("formatTime() prints %i ns as %s", (timeNs, wanted) => {
  expect(formatTime(timeNs)).toBe(wanted);
});

test.each([
  ["not known yet", undefined],
  ["1.25 ms ± 0.31 ms", { ageNs: 1_249_600, errorNs: 312_000 }],
] as const)("formatAge() prints %s", (wanted, age) => {
  expect(formatAge(age)).toBe(wanted);
});
