import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attributeValue, type Dbc, parseDbc, readDbc } from "../../../src/can/dbc/index.js";
import { extendedId, standardId } from "../../../src/can/index.js";

const path = join(import.meta.dirname, "../../fixtures/dbc/everything.dbc");
const bytes = readFileSync(path);

function signalOf(dbc: Dbc, message: string, name: string) {
  const found = dbc.messages.find((one) => one.name === message)?.signals.find((signal) => signal.name === name);
  if (found === undefined) throw new Error(`There is no signal ${message}.${name}`);
  return found;
}

/** A file with one message, whose signal line and the lines after it are to be tried. */
function around(signal: string, ...lines: readonly string[]): string {
  return ["BU_: A B", "BO_ 1 M: 8 A", ` ${signal}`, ...lines, ""].join("\n");
}

const plain = 'SG_ S : 0|8@1+ (1,0) [0|0] "" A';

describe("parseDbc()", () => {
  const dbc = parseDbc(bytes, { path });

  test("parseDbc() reads a file that uses everything without a warning", () => {
    expect(dbc.warnings).toEqual([]);
    expect(dbc.version).toBe("1.0 everything");
    expect(dbc.encoding).toBe("windows-1252");
    expect(dbc.bitTiming).toBe("500 : 1,2");
    expect(dbc.comment).toBe('The whole network:\ntwo lines, and a "quotation"');
    expect(dbc.nodes.map(({ name }) => name)).toEqual(["Engine", "Gateway", "Display"]);
    expect(dbc.nodes[0]?.comment).toBe("Motor – engine");
    expect(dbc.valueTables[0]?.valueNames.get(3)).toBe("Drive");
    expect(dbc.orphanSignals.map(({ name }) => name)).toEqual(["Orphan"]);
    expect(dbc.environmentVariables).toMatchObject([
      {
        name: "Ignition",
        typeCode: 0,
        min: 0,
        max: 1,
        initial: 1,
        number: 7,
        nodes: ["Display", "Gateway"],
        comment: "Key",
      },
      { name: "Blob", typeCode: 2, access: "DUMMY_NODE_VECTOR8000", nodes: [], dataBytes: 16 },
    ]);
    expect(dbc.environmentVariables[0]?.valueNames?.get(1)).toBe("In");
    expect(dbc.relations).toMatchObject([
      { kind: "node-signal", node: "Display", messageId: 256, object: "Speed", value: 250 },
      { kind: "node-message", node: "Display", messageId: 256, value: 1 },
      { kind: "node-environment", node: "Display", object: "Ignition", value: "read" },
    ]);
  });

  test("parseDbc() reads messages with ids, names, senders, groups and lines", () => {
    const [engine, , , , diagnosis] = dbc.messages;
    expect(engine).toMatchObject({
      name: "EngineData",
      id: standardId(256),
      lengthBytes: 8,
      sender: "Engine",
      line: 18,
    });
    expect(engine?.signalGroups).toEqual([{ name: "Drive", repetitions: 1, signals: ["Speed", "Torque"], line: 121 }]);
    expect(diagnosis?.id).toBe(extendedId(0x200));
    const group = dbc.messages.find(({ name }) => name === "ElectronicEngineController");
    expect(group?.sender).toBeUndefined();
    expect(group?.transmitters).toEqual(["Engine", "Gateway"]);
    const long = dbc.messages.at(-1);
    expect(long?.name).toBe("AMessageWhoseNameIsFarTooLongForTheFormat");
    expect(long?.symbol).toBe("AMessageWhoseNameIsFarTooLongFor");
    expect(long?.signals[0]?.name).toBe("ASignalWhoseNameIsFarTooLongForAnyFormat");
  });

  test("parseDbc() reads signals with all that belongs to them", () => {
    expect(signalOf(dbc, "EngineData", "Torque")).toMatchObject({
      ...{ startBit: 39, lengthBits: 12, byteOrder: "big", type: "signed", factor: 0.5, offset: -100 },
      ...{ min: -1024, max: 923.5, unit: "Nm", receivers: ["Gateway"], line: 23 },
    });
    expect(signalOf(dbc, "EngineData", "Temperature").unit).toBe("°C");
    expect(signalOf(dbc, "EngineData", "Load").factor).toBe(0.025);
    expect([...(signalOf(dbc, "EngineData", "Running").valueNames ?? [])]).toEqual([
      [1, "On"],
      [0, "Off"],
    ]);
    expect(signalOf(dbc, "Counters", "Total").max).toBe(2n ** 64n - 1n);
    expect(signalOf(dbc, "Counters", "Total").valueNames?.get(2n ** 64n - 1n)).toBe("Never");
    expect(signalOf(dbc, "Position", "Longitude").type).toBe("float32");
    expect(signalOf(dbc, "Energy", "Energy")).toMatchObject({ type: "float64", unit: "J" });
    expect(signalOf(dbc, "Energy", "Energy")).not.toHaveProperty("min");
  });

  test("parseDbc() reads simple and extended multiplexing", () => {
    expect(signalOf(dbc, "Diagnosis", "Service").isMultiplexer).toBe(true);
    expect(signalOf(dbc, "Diagnosis", "Status").multiplexing).toBeUndefined();
    expect(signalOf(dbc, "Diagnosis", "Offset").multiplexing).toEqual({
      multiplexer: "Service",
      ranges: [{ first: 1, last: 1 }],
    });
    expect(signalOf(dbc, "Nested", "Narrow").multiplexing).toEqual({
      multiplexer: "Inner",
      ranges: [
        { first: 3, last: 3 },
        { first: 7, last: 9 },
      ],
    });
  });

  test("attributeValue() gives the value of the object, the default, or the label of an index", () => {
    const [engine, counters] = dbc.messages;
    expect(attributeValue(dbc, "Baudrate")).toBe(250_000);
    expect(attributeValue(dbc, "GenMsgCycleTime", engine)).toBe(10);
    expect(attributeValue(dbc, "GenMsgCycleTime", counters)).toBe(0);
    expect(attributeValue(dbc, "GenMsgSendType", engine)).toBe("Cyclic");
    expect(attributeValue(dbc, "GenMsgSendType", counters)).toBe("None");
    expect(attributeValue(dbc, "Nothing", engine)).toBeUndefined();
  });

  test("readDbc() reads a file and names it when there is none", async () => {
    expect((await readDbc(path)).messages).toEqual(dbc.messages);
    await expect(readDbc(`${path}.gone`)).rejects.toMatchObject({ code: "ENOENT", path: `${path}.gone` });
  });

  test.each<[string, string | Uint8Array, string]>([
    ["windows-1252", Buffer.from(around('SG_ S : 0|8@1+ (1,0) [0|0] "\xb0C" A'), "latin1"), "°C"],
    ["UTF-8", Buffer.from(around('SG_ S : 0|8@1+ (1,0) [0|0] "°C" A'), "utf8"), "°C"],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${around('SG_ S : 0|8@1+ (1,0) [0|0] "°C" A')}`, "utf8"), "°C"],
    ["the euro of windows-1252", Buffer.from(around('SG_ S : 0|8@1+ (1,0) [0|0] "\x80" A'), "latin1"), "€"],
    ["text", around('SG_ S : 0|8@1+ (1,0) [0|0] "µ" A'), "µ"],
  ])("parseDbc() reads units in %s", (_, source, unit) => {
    expect(signalOf(parseDbc(source), "M", "S").unit).toBe(unit);
  });

  test("parseDbc() counts lines when they end with CRLF or CR", () => {
    for (const newline of ["\r\n", "\r"]) {
      const text = around(plain, 'CM_ SG_ 1 S "two\nlines";', "BO_ 2 N: 8 A").replaceAll("\n", newline);
      expect(parseDbc(text).messages.map(({ line }) => line)).toEqual([2, 6]);
    }
  });
});

describe("parseDbc() of a loose file", () => {
  test.each<[string, string, readonly string[]]>([
    ["sections in another order", `VAL_ 1 S 0 "a";\nCM_ SG_ 1 S "x";\n${around(plain)}VERSION "late"`, []],
    ["receivers with blanks and over lines", around(`${plain} B,\n   B`), []],
    ["no blank around the colon", around('SG_ S:0|8@1+(1,0)[0|0]""A'), []],
    ["an id without its flag", around(plain).replace("BO_ 1 ", "BO_ 2048 "), ["2 id-without-flag"]],
    ["no sender", around(plain).replace("8 A", "8"), ["2 no-sender"]],
    ["no limits", around('SG_ S : 0|8@1+ (1,0) "" A'), ["3 no-limits"]],
    ["a semicolon after a signal", around(`${plain};`), ["3 semicolon"]],
    ["a statement without its semicolon", around(plain, 'CM_ BO_ 1 "x"', "BO_ 2 N: 8 A"), ["5 semicolon"]],
    ["a semicolon by itself", around(plain, ";"), ["4 semicolon"]],
    ["a keyword that is not known", around(plain, 'CAT_DEF_ 1 "a;b" 2;', "BO_ 2 N: 8 A"), ["4 unknown-keyword"]],
    ["a comment of C++", around(`${plain} // why`), ["3 comment-syntax"]],
    ["a name with a dot", around(plain.replace("S ", "S.1 ")), ["3 name"]],
    [
      "a comment for nothing",
      around(plain, 'CM_ SG_ 1 T "x";', 'CM_ BO_ 2 "x";'),
      ["4 unknown-reference", "5 unknown-reference"],
    ],
    ["a value table that is missing", around(plain, "VAL_ 1 S Gear;"), ["4 unknown-reference"]],
    ["a float of 8 bits", around(plain, "SIG_VALTYPE_ 1 S : 1;"), ["4 float-length"]],
    ["a value that is named twice", around(plain, 'VAL_ 1 S 0 "a" 0 "b";'), ["4 duplicate-value"]],
    ["a default without a definition", around(plain, 'BA_DEF_DEF_ "X" 1;'), ["4 unknown-reference"]],
    ["m0 without a multiplexer", around(plain.replace("S ", "S m0 ")), ["3 no-multiplexer"]],
    [
      "two multiplexers without a SG_MUL_VAL_",
      around(plain.replace("S ", "S M "), ` ${plain.replace("S ", "T M ")}`, ` ${plain.replace("S ", "U m0 ")}`),
      ["2 ambiguous-multiplexing"],
    ],
    [
      "a multiplexer without a mark",
      around(plain, ` ${plain.replace("S ", "T m1 ")}`, "SG_MUL_VAL_ 1 T S 1-1;"),
      ["5 unmarked-multiplexer"],
    ],
    [
      "a loop of multiplexers",
      around(
        plain.replace("S ", "S m0M "),
        ` ${plain.replace("S ", "T m0M ")}`,
        "SG_MUL_VAL_ 1 T S 0-0;",
        "SG_MUL_VAL_ 1 S T 0-0;",
      ),
      ["3 multiplexer-loop"],
    ],
    [
      "a range that ends before it begins",
      around(plain.replace("S ", "S M "), ` ${plain.replace("S ", "T m1 ")}`, "SG_MUL_VAL_ 1 T S 2-1;"),
      ["5 multiplexer-range"],
    ],
    ["a long name that is none", around(plain, 'BA_ "SystemSignalLongSymbol" SG_ 1 S "a b";'), ["3 name"]],
  ])("parseDbc() takes %s and warns with the line", (_, text, wanted) => {
    const { warnings, messages } = parseDbc(text);
    expect(warnings.map(({ line, code }) => `${line} ${code}`)).toEqual(wanted);
    expect(messages[0]?.signals.length).toBeGreaterThan(0);
  });

  test.each<[string, string, string]>([
    ["nothing", "", "line 1: wanted a DBC file, with statements such as VERSION or BO_, found the end"],
    ["another format", '{ "a": 1 }', 'line 1: wanted a keyword such as BO_ or CM_, found "{'],
    ["signals before a message", plain, "line 1: wanted a BO_ before its signals"],
    ["a string without an end", 'VERSION "a\nb', "line 1: wanted a version that ends with a quotation mark"],
    [
      "a letter for a start bit",
      around(plain.replace("0|8", "x|8")),
      'line 3: wanted a start bit from 0 to 524280, found "x|8@1+',
    ],
    [
      "a third byte order",
      around(plain.replace("@1", "@2")),
      "line 3: wanted a byte order, 1 (little-endian) or 0 (big-endian)",
    ],
    ["no sign", around(plain.replace("@1+", "@1")), "line 3: wanted + (unsigned) or - (signed)"],
    ["no factor", around(plain.replace("(1,0)", "")), 'line 3: wanted "(" before factor and offset'],
    ["a mark that is none", around(plain.replace("S ", "S x1 ")), 'line 3: wanted ":" or a multiplexer mark'],
    ["an id of 30 bits", around(plain).replace("BO_ 1 ", "BO_ 1000000000 "), "line 2: wanted a message id of 11 bits"],
    ["a negative length", around(plain).replace(": 8", ": -8"), "line 2: wanted a length in bytes from 0 to 65535"],
    [
      "an attribute of an unknown type",
      around(plain, 'BA_DEF_ BO_ "X" DATE;'),
      "line 4: wanted INT, HEX, FLOAT, STRING or ENUM",
    ],
    [
      "an attribute of an unknown object",
      around(plain, 'BA_DEF_ XX_ "X" INT 0 1;'),
      "line 4: wanted BU_, BO_, SG_, EV_ or the name",
    ],
    ["words after a statement", around(plain, 'CM_ "a" b;'), 'line 4: wanted ";" at the end of CM_, found "b;"'],
    [
      "a signal that JavaScript would mistake",
      around(plain.replace("S ", "__proto__ ")),
      "line 3: wanted a signal name other than __proto__",
    ],
    [
      "a number that is none",
      around(plain.replace("(1,", "(1e999,")),
      "line 3: wanted factor and offset within double precision",
    ],
  ])("parseDbc() throws ERR_CONFIG with the line when there is %s", (_, text, wanted) => {
    const act = () => parseDbc(text, { path: "x.dbc" });
    expect(act).toThrow(`Cannot read x.dbc, ${wanted}`);
    expect(act).toThrow(expect.objectContaining({ code: "ERR_CONFIG", path: "x.dbc" }));
  });

  test("parseDbc() throws TypeError when it is given something else, or an option it does not know", () => {
    expect(() => parseDbc(1 as never)).toThrow(TypeError);
    expect(() => parseDbc("", { encoding: "utf-16" as never })).toThrow(TypeError);
    expect(() => parseDbc("", { file: "x" } as never)).toThrow(TypeError);
  });
});

describe("parseDbc() of a hostile file", () => {
  /** Whatever it is given, it gives a database or a clear error. */
  function survives(source: string | Uint8Array): void {
    try {
      expect(Array.isArray(parseDbc(source).messages)).toBe(true);
    } catch (error) {
      expect(error).toMatchObject({ name: "IntercellError", code: "ERR_CONFIG" });
      expect((error as Error).message).toMatch(/^Cannot read DBC, line \d+: wanted /);
    }
  }

  test("parseDbc() ends with a database or an error when bytes of a file are changed, left out or doubled", () => {
    const edits = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(40), fc.uint8Array({ maxLength: 8 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(edits, (list) => {
        let edited = bytes;
        for (const [at, count, put] of list) {
          edited = Buffer.concat([edited.subarray(0, at), put, edited.subarray(at + count)]);
        }
        survives(edited);
      }),
      { numRuns: 300 },
    );
  });

  test("parseDbc() ends with a database or an error when words of the format come in any order", () => {
    const words =
      'BO_ SG_ BU_ CM_ VAL_ BA_ BA_DEF_ ENUM INT NS_ BS_ EV_ SG_MUL_VAL_ SIG_GROUP_ : ; | @1+ ( ) [ ] , - 1 0 M m0 x " "a" \n';
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words.split(" ")), { maxLength: 60 }), (list) =>
        survives(list.join(" ")),
      ),
      { numRuns: 500 },
    );
  });

  // Each would take hours in quadratic time; the test's own limit of seconds is what fails it.
  const many = 200_000;
  const multiplexers = (count: number) =>
    Array.from({ length: count }, (_, i) => ` SG_ S${i} m0M : 0|8@1+ (1,0) [0|0] "" A\n`).join("");
  test.each<[string, string]>([
    ["opening quotation marks", `VERSION "${'\\"'.repeat(many)}`],
    ["blank lines", `VERSION ""${"\n".repeat(many * 5)}x`],
    ["nodes", `BU_: ${"A ".repeat(many)}`],
    ["value names", `BU_: A\nVAL_TABLE_ T ${Array.from({ length: many }, (_, i) => `${i} "x"`).join(" ")};`],
    ["messages of one id", `${"BO_ 1 M: 8 A\n".repeat(many / 4)}CM_ BO_ 1 "x";`],
    ["signals of one name", around(`${plain}\n`.repeat(many / 4))],
    [
      "multiplexers that hang on each other",
      around(
        multiplexers(many / 20),
        ...Array.from({ length: many / 20 - 1 }, (_, i) => `SG_MUL_VAL_ 1 S${i + 1} S${i} 0-0;`),
      ),
    ],
    ["multiplexers of no multiplexer", around(multiplexers(many / 4))],
    ["statements about one multiplexed signal", around(multiplexers(2), "SG_MUL_VAL_ 1 S1 S0 0-0;\n".repeat(many / 4))],
    ["attributes without definitions", `BU_: A\n${'BA_DEF_DEF_ "X" 1;\n'.repeat(many / 4)}`],
    ["definitions of one name", `BU_: A\n${'BA_DEF_ "X" INT 0 1;\n'.repeat(many / 40)}BA_DEF_DEF_ "X" 1;`],
    ["unknown keywords", "FOO_ bar\n".repeat(many)],
    ["digits", `BO_ ${"1".repeat(many)} M: 8 A`],
  ])("parseDbc() reads %s by the hundred thousand", (_, text) => {
    survives(text);
  });
});
