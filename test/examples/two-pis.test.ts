import { test } from "vitest";
import { expectNoTraces } from "../cli/command.js";
import { playTwoPis } from "./two-pis.js";

test("examples/can/two-pis prints what it promises on a bus without a kernel", { timeout: 60_000 }, async () => {
  const name = `two-pis-${process.pid}`;
  await playTwoPis((_, program) => [process.execPath, program, `virtual:${name}`]);
  await expectNoTraces(name);
});
