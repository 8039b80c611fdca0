import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lintDbc, parseDbc } from "../../../src/can/dbc/index.js";

const fixtures = join(import.meta.dirname, "../../fixtures/dbc");

/** Line, severity and code of each finding for a message M of a node A with these signals in lines 3 and on. */
function lint(signals: readonly string[], more: readonly string[] = [], head = "BO_ 1 M: 8 A"): string[] {
  const text = ["BU_: A", head, ...signals.map((signal) => ` SG_ ${signal} A`), ...more, ""].join("\n");
  return lintDbc(parseDbc(text)).map(({ line, severity, code }) => `${line} ${severity} ${code}`);
}

const s = (name: string, layout = "0|8@1+", range = "[0|0]", factor = "(1,0)") =>
  `${name} : ${layout} ${factor} ${range} ""`;
const cycle = ['BA_DEF_ BO_ "GenMsgCycleTime" INT 0 0;'];

describe("lintDbc()", () => {
  test("lintDbc() finds nothing in a file that is as it should be", () => {
    const dbc = parseDbc(readFileSync(join(fixtures, "everything.dbc")));
    expect(lintDbc(dbc)).toEqual([]);
  });

  test.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ["signals that share bits", [s("S", "0|8@1+"), s("T", "7|2@1+")], [], ["4 error overlapping-signals"]],
    [
      "signals of both orders that share bits",
      [s("S", "0|12@1+"), s("T", "11|4@0+")],
      [],
      ["4 error overlapping-signals"],
    ],
    ["signals that only touch", [s("S", "0|12@1+"), s("T", "15|4@0+")], [], []],
    ["signals of two branches", [s("X M"), s("S m0", "8|8@1+"), s("T m1", "8|8@1+")], [], []],
    [
      "signals of one branch",
      [s("X M"), s("S m0", "8|8@1+"), s("T m0", "8|8@1+")],
      [],
      ["5 error overlapping-signals"],
    ],
    [
      "a branch and what is always there",
      [s("X M"), s("S m0", "8|8@1+"), s("T", "8|8@1+")],
      [],
      ["5 error overlapping-signals"],
    ],
    ["a signal beyond the message", [s("S", "60|8@1+")], [], ["3 error signal-outside-message"]],
    ["a big-endian signal beyond the message", [s("S", "56|2@0+")], [], ["3 error signal-outside-message"]],
    ["a signal of no bits", [s("S", "0|0@1+")], [], ["3 error signal-length"]],
    ["a signal of 65 bits", [s("S", "0|65@1+")], [], ["3 error signal-length"]],
    ["a factor of 0", [s("S", "0|8@1+", "[0|0]", "(0,1)")], [], ["3 error zero-factor"]],
    ["a minimum above the maximum", [s("S", "0|8@1+", "[2|1]")], [], ["3 error impossible-range"]],
    ["a range beyond the bits", [s("S", "0|8@1+", "[0|256]")], [], ["3 warning impossible-range"]],
    ["a range that the bits hold none of", [s("S", "0|8@1+", "[256|300]")], [], ["3 error impossible-range"]],
    ["a range that the bits just hold", [s("S", "0|8@1+", "[0|25.5]", "(0.1,0)")], [], []],
    ["a range of a negative factor", [s("S", "0|8@1-", "[-127|128]", "(-1,0)")], [], []],
    ["two signals of one name", [s("S"), s("S", "8|8@1+")], [], ["4 error duplicate-signal"]],
    [
      "a name in two branches",
      [s("X M"), s("S m0", "8|8@1+"), s("S m1", "8|8@1+")],
      [],
      ["5 warning duplicate-signal"],
    ],
    ["a name of 33 characters", [s("S".repeat(33))], [], ["3 warning name-too-long"]],
    ["a multiplexer of nothing", [s("S M")], [], ["3 warning idle-multiplexer"]],
    ["a branch that cannot be", [s("X M", "0|1@1+"), s("S m2", "8|8@1+")], [], ["4 error unreachable-signal"]],
    ["a value beyond the bits", [s("S", "0|1@1+")], ['VAL_ 1 S 2 "x";'], ["3 warning value-outside-signal"]],
    ["a negative value of an unsigned signal", [s("S")], ['VAL_ 1 S -1 "x";'], ["3 warning value-outside-signal"]],
    ["a name of two values", [s("S")], ['VAL_ 1 S 0 "x" 1 "x";'], ["3 warning duplicate-value-name"]],
    [
      "a start value beyond the bits",
      [s("S", "0|1@1+")],
      ['BA_DEF_ SG_ "GenSigStartValue" INT 0 9;', 'BA_ "GenSigStartValue" SG_ 1 S 2;'],
      ["3 warning start-value"],
    ],
    ["no cycle time", [s("S")], cycle, ["2 info no-cycle-time"]],
    [
      "a cyclic message without a cycle time",
      [s("S")],
      [...cycle, 'BA_DEF_ BO_ "GenMsgSendType" ENUM "cyclic","x";', 'BA_ "GenMsgSendType" BO_ 1 0;'],
      ["2 warning no-cycle-time"],
    ],
    [
      "a message on event without a cycle time",
      [s("S")],
      [...cycle, 'BA_DEF_ BO_ "GenMsgSendType" ENUM "cyclic","x";', 'BA_ "GenMsgSendType" BO_ 1 1;'],
      [],
    ],
    ["a cycle time", [s("S")], [...cycle, 'BA_ "GenMsgCycleTime" BO_ 1 10;'], []],
    ["an attribute without a definition", [s("S")], ['BA_ "X" BO_ 1 1;'], ["2 warning undefined-attribute"]],
    [
      "an attribute out of its range",
      [s("S")],
      ['BA_DEF_ BO_ "X" INT 1 5;', 'BA_ "X" BO_ 1 6;'],
      ["2 warning attribute-value"],
    ],
    [
      "a text for a number",
      [s("S")],
      ['BA_DEF_ BO_ "X" INT 1 5;', 'BA_ "X" BO_ 1 "5";'],
      ["2 warning attribute-value"],
    ],
    ["a label that is none", [s("S")], ['BA_DEF_ BO_ "X" ENUM "a";', 'BA_ "X" BO_ 1 1;'], ["2 error attribute-value"]],
    ["a node that is none", [`${s("S")} B,`], [], ["2 warning unknown-node"]],
    ["another message of the id", [s("S")], ["BO_ 1 N: 8 A", ` SG_ ${s("S")} A`], ["4 error duplicate-message-id"]],
    ["another message of the name", [s("S")], ["BO_ 2 M: 8 A", ` SG_ ${s("S")} A`], ["4 error duplicate-message-name"]],
    ["a table twice", [s("S")], ['VAL_TABLE_ T 0 "a";', 'VAL_TABLE_ T 0 "a";'], ["5 error duplicate-value-table"]],
  ])("lintDbc() judges %s", (_, signals, more, wanted) => {
    expect(lint(signals, more)).toEqual(wanted);
  });

  test.each<[string, string, readonly string[]]>([
    ["no sender", "BO_ 1 M: 8 Vector__XXX", ["2 info no-sender"]],
    ["a sender that is no node", "BO_ 1 M: 8 B", ["2 warning unknown-node"]],
    ["a length that the wire does not have", "BO_ 1 M: 10 A", ["2 warning message-length", "2 info frame-format"]],
    ["more bytes than a frame has", "BO_ 1 M: 65 A", ["2 error message-length"]],
  ])("lintDbc() judges a message with %s", (_, head, wanted) => {
    expect(lint([s("S")], [], head)).toEqual(wanted);
  });

  test.each<[string, string, string, readonly string[]]>([
    ["a classic frame of 12 bytes", "BO_ 1 M: 12 A", "0", ["2 error frame-format"]],
    ["CAN FD of 12 bytes", "BO_ 1 M: 12 A", "14", []],
    ["an extended id as standard", "BO_ 2147483649 M: 8 A", "0", ["2 warning frame-format"]],
    ["a standard id as extended", "BO_ 1 M: 8 A", "1", ["2 warning frame-format"]],
    ["a long message of J1939", "BO_ 2566844926 M: 100 A", "3", []],
  ])("lintDbc() holds VFrameFormat against %s", (_, head, format, wanted) => {
    const id = head.split(" ")[1];
    const labels =
      '"StandardCAN","ExtendedCAN","","J1939PG","","","","","","","","","","","StandardCAN_FD","ExtendedCAN_FD"';
    const more = [`BA_DEF_ BO_ "VFrameFormat" ENUM ${labels};`, `BA_ "VFrameFormat" BO_ ${id} ${format};`];
    expect(lint([s("S")], more, head)).toEqual(wanted);
  });

  test("lintDbc() finds two nodes of one name, and says in a sentence what it found", () => {
    expect(lintDbc(parseDbc("BU_: A A\n"))).toEqual([
      { code: "duplicate-node", severity: "error", line: 1, message: "another node is called A" },
    ]);
  });
});
