import { describe, expect, test } from "vitest";
import { compileStruct } from "../../src/schema/compile.js";
import { explainDecode, explainEncode } from "../../src/schema/engine.js";
import { bool, struct, u8 } from "../../src/schema/index.js";
import { REFUSED } from "../../src/schema/refusal.js";

const T = struct("T", { a: u8, b: bool });
const view = new DataView(new ArrayBuffer(2));

describe("explainEncode()", () => {
  test("explainEncode() still gives a RangeError when the value fits at the second look", () => {
    let looks = 0;
    const unsteady = {
      get a() {
        return looks++ === 0 ? 999 : 1;
      },
      b: true,
    };
    const run = (): number => compileStruct(T).encode(unsteady, view, 0);
    expect(run).toThrow(new RangeError("Cannot encode T: wanted a value that stays as it is, found one that changes"));
  });

  test("explainEncode() gives the error of a getter when it throws at the second look", () => {
    const mine = new SyntaxError("mine");
    const value = {
      get a() {
        throw mine;
      },
      b: true,
    };
    expect(explainEncode(T, REFUSED, value, view, 0)).toBe(mine);
    expect(explainEncode(T, mine, { a: 1, b: true }, view, 0)).toBe(mine);
  });
});

describe("explainDecode()", () => {
  test("explainDecode() still gives ERR_DECODE when a peer has changed the bytes since", () => {
    expect(explainDecode(T, REFUSED, view, 0, 2)).toMatchObject({
      code: "ERR_DECODE",
      message: "Cannot decode T: wanted bytes that stay as they are, found some that change",
    });
  });
});
