import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { bundleSource } from "../../scripts/bundle-source.mjs";
import { root } from "../architecture/source.js";

/** What each example prints. Names of machines are random and left out. */
const outputs: Readonly<Record<string, readonly string[]>> = {
  "can/exchange-frames": [
    "the dashboard shows 100#04B0",
    "the dashboard shows 101#01",
    "3 frames sent, 3 of them back from the wire",
    "3 frames took 414 µs",
  ],
  "can/replay-log": [
    "3 frames sent, at most 0 ns late",
    "date Sun Sep 13 12:26:40.000 pm 2020",
    "base hex  timestamps absolute",
    "no internal events logged",
    "Begin Triggerblock Sun Sep 13 12:26:40.000 pm 2020",
    "   0.000000 Start of measurement",
    "   0.000000 1  100             Rx   d 2 04 B0",
    "   0.125000 1  100             Rx   d 2 04 B8",
    "   0.500000 1  18FECA00x       Rx   d 1 FF",
    "End TriggerBlock",
  ],
  "can/survive-bus-off": [
    "controller: tx-warning",
    "controller: tx-passive",
    "controller: bus-off",
    expect.stringContaining("not known, as the controller went bus-off") as string,
    "controller: restarted",
    "heard 2 after 104 ms",
    "the sensor is error-active",
  ],
  "net/talk-over-tcp": ["sensor 1 has 61 °C", "sensor 2 has 62 °C", "sensor 1 is in the cellar", "the level is 30 %"],
  "publish-latest-value": ["before the first: undefined", "step 1000 at 250, -250, the latest of 1000 values"],
  "request-reply": [
    "turns at 1200 rpm, before at 0",
    "turns at 900 rpm, before at 1200",
    expect.stringMatching(/^refused: .*9000 rpm is more than 3000$/) as string,
  ],
  "send-receive-messages": ["sensor 1 has 20.5 °C", "sensor 2 has 21 °C", "sensor 3 has 21.5 °C"],
  "talk-to-many-peers": [
    "job 0 has 5 words",
    "job 1 has 3 words",
    "worker 1 heard: that was all",
    "worker 2 heard: that was all",
  ],
  "watch-peer-state": [
    "the link is connecting",
    "up, a new session",
    "down: peer closed, the session is over",
    "up, a new session",
    "the inmate was restarted",
    "down: peer closed, the session is over",
  ],
};

const names = readdirSync(`${root}/examples`, { recursive: true, encoding: "utf8" })
  // Those of these folders are processes that talk to each other: see weather.test.ts and two-pis.test.ts.
  .filter((file) => file.endsWith(".ts") && !/^(weather|can\/two-pis)\//.test(file))
  .map((file) => file.slice(0, -3));

describe("examples", () => {
  test("examples are all listed here", () => {
    expect(names.sort()).toEqual(Object.keys(outputs).sort());
  });

  test.each(names)("%s prints what it promises and ends by itself when it is run", async (name) => {
    const program = await bundleSource(`${root}/examples/${name}.ts`);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { timeout: 15_000 });
    expect(stderr).toBe("");
    expect(stdout.trimEnd().split("\n")).toEqual(outputs[name]);
  });

  test("README.md shows an example as it is", () => {
    const readme = readFileSync(`${root}/README.md`, "utf8");
    const samples = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, sample]) => sample);
    expect(samples).toContain(readFileSync(`${root}/examples/send-receive-messages.ts`, "utf8"));
  });
});
