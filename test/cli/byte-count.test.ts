import { expect, test } from "vitest";
import { parseByteCount } from "../../src/cli/byte-count.js";

test.each([
  ["0", 0],
  ["8192", 8192],
  ["0x2000", 8192],
  ["0X1f", 31],
  ["8K", 8192],
  ["8k", 8192],
  ["2M", 2 * 1024 * 1024],
])("parseByteCount() reads %s", (text, wanted) => {
  expect(parseByteCount(text)).toBe(wanted);
});

test.each(["", " 8", "-1", "1.5", "8G", "0x", "0xg", "K", "1e3", "8 K", "12345678901"])(
  "parseByteCount() refuses %j",
  (text) => {
    expect(() => parseByteCount(text)).toThrow(TypeError);
  },
);
