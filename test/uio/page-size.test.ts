import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { readPageSize } from "../../src/uio/page-size.js";
import { Tree } from "./tree.js";

test("readPageSize() gives what getconf gives", () => {
  expect(readPageSize()).toBe(Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })));
});

test("readPageSize() reads the auxiliary vector of a kernel with large pages", () => {
  using tree = new Tree();
  tree.pageSize(65536);
  expect(readPageSize(tree.roots.procRoot)).toBe(65536);
});

test("readPageSize() throws ERR_CONFIG when there is no vector, or no page size in it", () => {
  using tree = new Tree();
  tree.file("/proc/self/auxv", new Uint8Array(BigUint64Array.of(33n, 6n, 0n, 0n).buffer));
  expect(() => readPageSize(tree.roots.procRoot)).toThrow(/has no page size/);
  tree.remove("/proc/self/auxv");
  expect(() => readPageSize(tree.roots.procRoot)).toThrow(/Mount \/proc/);
});
