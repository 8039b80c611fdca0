import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { root } from "../../architecture/source.js";
import { playTwoPis } from "../../examples/two-pis.js";
import { ip } from "./interfaces.js";

/** Two emulated controllers on one bus, each in a network namespace of its own: two boards. */
const boards = {
  "pi-a": { namespace: "pi-a", name: "can0" },
  "pi-b": { namespace: "pi-b", name: "can1" },
} as const;

/** The words before a program that runs on a board. */
const on = (namespace: string) => ["netns", "exec", namespace, process.execPath];

beforeAll(() => {
  for (const { namespace, name } of Object.values(boards)) {
    ip(`netns add ${namespace}`);
    ip(`link set ${name} netns ${namespace}`);
    // As docs/two-pis-over-can.md says.
    const up = ["can", "up", name, "--bitrate", "500k", "--restart-ms", "100", "--txqueuelen", "1000"];
    execFileSync("ip", [...on(namespace), join(root, "dist/cli/main.js"), ...up], { stdio: "inherit" });
  }
});

afterAll(() => {
  for (const { namespace, name } of Object.values(boards)) {
    ip(`-n ${namespace} link set ${name} down`);
    ip(`-n ${namespace} link set ${name} netns 1`);
    ip(`netns del ${namespace}`);
  }
});

test("examples/can/two-pis prints what it promises over two controllers", { timeout: 180_000 }, async () => {
  await playTwoPis((pi, program) => ["ip", ...on(boards[pi].namespace), program, boards[pi].name]);
});
