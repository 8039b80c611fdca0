import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { createPresenceCheck } from "../../src/uio/presence.js";
import { Tree } from "./tree.js";

/** A check of a folder, with a clock that the test moves. */
function createStage(): { tree: Tree; clock: { nowMs: number }; check: () => Error | undefined } {
  const tree = new Tree();
  tree.directory("/sys/uio0");
  const clock = { nowMs: 0 };
  return { tree, clock, check: createPresenceCheck("the device", tree.path("/sys/uio0"), () => clock.nowMs) };
}

test("createPresenceCheck() gives nothing while the folder stands", () => {
  const { tree, clock, check } = createStage();
  using _ = tree;
  for (clock.nowMs = 0; clock.nowMs < 5; clock.nowMs += 0.25) expect(check()).toBeUndefined();
});

test("createPresenceCheck() gives ERR_CLOSED when the folder is gone, and goes on to", () => {
  const { tree, clock, check } = createStage();
  using _ = tree;
  rmSync(tree.path("/sys/uio0"), { recursive: true });
  clock.nowMs = 1;
  for (let round = 0; round < 2; round++) {
    expect(check()).toMatchObject({ code: "ERR_CLOSED", message: expect.stringMatching(/^the device is gone/) });
  }
});

test("createPresenceCheck() gives ERR_CLOSED when another folder has taken the place", () => {
  const { tree, clock, check } = createStage();
  using _ = tree;
  tree.directory("/sys/other");
  tree.remove("/sys/uio0");
  tree.link("/sys/uio0", "other");
  clock.nowMs = 1;
  expect(check()).toMatchObject({ code: "ERR_CLOSED" });
});

test("createPresenceCheck() relies on an answer for a millisecond", () => {
  const { tree, clock, check } = createStage();
  using _ = tree;
  clock.nowMs = 10;
  expect(check()).toBeUndefined();
  tree.remove("/sys/uio0");
  clock.nowMs = 10.9;
  expect(check()).toBeUndefined();
  clock.nowMs = 11;
  expect(check()).toMatchObject({ code: "ERR_CLOSED" });
});

test("createPresenceCheck() throws ERR_CLOSED when there is no such folder to begin with", () => {
  expect(() => createPresenceCheck("the device", "/nonexistent/uio0")).toThrow(/^the device is gone/);
});
