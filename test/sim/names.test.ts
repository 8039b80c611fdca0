import { describe, expect, test } from "vitest";
import { checkMachineName, machinesIn, randomMachineName, socketName } from "../../src/sim/names.js";

/** As in proc(5): the flag 0x10000 marks a listener, an abstract name begins with @. */
const procNetUnix = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0005 01 20512 @intercell/1000/two
0000000000000000: 00000002 00000000 00010000 0005 01 20513 @intercell/1000/one
0000000000000000: 00000003 00000000 00000000 0005 03 20514 @intercell/1000/one
0000000000000000: 00000003 00000000 00000000 0005 03 20515
0000000000000000: 00000002 00000000 00010000 0005 01 20516 @intercell/0/other-user
0000000000000000: 00000002 00000000 00010000 0005 01 20517 @intercell/10001/longer-uid
0000000000000000: 00000002 00000000 00010000 0001 01 20518 /run/intercell/1000/file
`;

describe("machinesIn()", () => {
  test("gives the listeners of the user, sorted, once each", () => {
    expect(machinesIn(procNetUnix, "intercell/1000/")).toEqual(["one", "two"]);
    expect(machinesIn("", "intercell/1000/")).toEqual([]);
  });
});

describe("checkMachineName()", () => {
  test("accepts what randomMachineName() gives and throws TypeError for what a socket's name cannot hold", () => {
    expect(checkMachineName(randomMachineName())).toMatch(/^machine-[0-9a-f]{12}$/);
    expect(checkMachineName("a".repeat(64))).toHaveLength(64);
    for (const wrong of ["", "a/b", "a b", "a\0", "a".repeat(65), 5]) {
      expect(() => checkMachineName(wrong as string)).toThrow(TypeError);
    }
  });
});

describe("socketName()", () => {
  test("keeps users apart", () => {
    expect(socketName("m")).toBe(`intercell/${process.getuid?.()}/m`);
  });
});
