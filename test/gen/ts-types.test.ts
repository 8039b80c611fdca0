import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { describe, expect, expectTypeOf, test } from "vitest";
import { createDatabase, parseDbc, type SignalValue } from "../../src/can/dbc/index.js";
import { generateTypes } from "../../src/gen/ts-types.js";
import type { EverythingMessages, Gear } from "./golden/everything.js";

const golden = join(import.meta.dirname, "golden/everything.ts");
const fixture = join(import.meta.dirname, "../fixtures/dbc/everything.dbc");
const dbc = parseDbc(readFileSync(fixture));

/** What TypeScript has to say of each text in its strictest settings, all read as modules of one program. */
function complaints(texts: readonly string[]): readonly (readonly string[])[] {
  const sources = new Map(texts.map((text, index) => [join(dirname(golden), `generated-${index}.ts`), text]));
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext },
    ...{ moduleResolution: ts.ModuleResolutionKind.NodeNext, exactOptionalPropertyTypes: true, noUnusedLocals: true },
    ...{ isolatedModules: true, verbatimModuleSyntax: true, types: [], lib: ["lib.es2022.d.ts"] },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, target, ...more) => {
    const text = sources.get(path);
    return text === undefined
      ? getSourceFile.call(host, path, target, ...more)
      : ts.createSourceFile(path, text, target);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.keys()].map((path) => {
    const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(path));
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  });
}

describe("generateTypes()", () => {
  test("generateTypes() gives the golden file when INTERCELL_UPDATE_GOLDEN is not set", () => {
    const { name, text } = generateTypes(dbc, fixture);
    if (process.env["INTERCELL_UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
    expect(name).toBe("everything.ts");
    expect(text).toBe(readFileSync(golden, "utf8"));
    expect(generateTypes(dbc, fixture).text).toBe(text);
  });

  test("message() is typed by what generateTypes() wrote", () => {
    const database = createDatabase<EverythingMessages>(dbc);
    const engine = database.message("EngineData");
    const values = engine.decode(new Uint8Array(8));
    expectTypeOf(values.Speed).toEqualTypeOf<number>();
    expectTypeOf(values.GearLever).toEqualTypeOf<Gear | number>();
    expectTypeOf(engine.decodePhysical(new Uint8Array(8)).GearLever).toEqualTypeOf<number>();
    expectTypeOf(database.message("Counters").decodePhysical).returns.toEqualTypeOf<{ Total: bigint }>();
    expectTypeOf(database.message("FlexibleData").decode).returns.toHaveProperty("Ratio").toEqualTypeOf<number>();
    expectTypeOf(database.message("FlexibleData").decodeRaw).returns.toHaveProperty("Ratio").toEqualTypeOf<bigint>();
    expectTypeOf(database.message("Diagnosis").initial().Voltage).toEqualTypeOf<number | undefined>();
    expect(engine.encode({ ...values, GearLever: "Drive" })[3]).toBe(3);
    // @ts-expect-error a name that the table does not have
    expect(() => engine.encode({ ...values, GearLever: "Fourth" })).toThrow(RangeError);
    // @ts-expect-error a message that the file does not have
    expect(() => database.message("Nothing")).toThrow(RangeError);
  });

  test("decode() of a database tells the type of the values by the name of the message", () => {
    const database = createDatabase<EverythingMessages>(dbc);
    const decoded = database.decode(database.message("Counters").frame({ Total: 5n }));
    if (decoded?.name !== "Counters") throw new Error("The frame was not decoded");
    expectTypeOf(decoded.values.Total).toEqualTypeOf<"Never" | bigint>();
    expect(decoded.values.Total).toBe(5n);
    expectTypeOf(createDatabase(dbc).message("Counters").decode).returns.toEqualTypeOf<Record<string, SignalValue>>();
  });

  const signal = (name: string, layout = "0|8@1+", comment = "") =>
    ` SG_ ${name} : ${layout} (1,0) [0|0] "" A\n${comment}`;

  const weird: readonly (readonly [string, string])[] = [
    ["no messages", "BU_: A"],
    ["a message without signals", "BO_ 1 M: 8 A"],
    [
      "names that TypeScript keeps for itself",
      `BO_ 1 string: 8 A\n${signal("class")}BO_ 2 interface: 8 A\n${signal("x")}`,
    ],
    ["two messages of one name", `BO_ 1 M: 8 A\n${signal("x")}BO_ 2 M: 8 A\n${signal("y")}`],
    [
      "names that would become one",
      `BO_ 1 M: 8 A\n${signal("x")}BO_ 2 MRaw: 8 A\n${signal("x")}BO_ 3 WeirdMessages: 8 A`,
    ],
    ["a message called as a table", `VAL_TABLE_ M 0 "a";\nBO_ 1 M: 8 A\n${signal("x")}VAL_ 1 x M;`],
    ["names that are no identifiers", `BO_ 1 M.1-x: 8 A\n${signal("a.b")}VAL_ 1 a.b 0 "x";`],
    [
      "comments that would end theirs",
      `BO_ 1 M: 8 A\n${signal("x")}CM_ BO_ 1 "a */ b\r\n\r\n * /* c";CM_ SG_ 1 x "*/";`,
    ],
    [
      "value names with quotation marks and line ends",
      `BO_ 1 M: 8 A\n${signal("x")}VAL_ 1 x 0 "a\\" | \\"b" 1 "c\nd" 2 "\\e" 3 "\`\${x}";`,
    ],
    ["no value names", `BO_ 1 M: 8 A\n${signal("x")}VAL_ 1 x ;`],
    ["a name in two branches", `BO_ 1 M: 8 A\n${signal("m M")}${signal("x m0", "8|8@1+")}${signal("x m1", "0|64@1+")}`],
    [
      "many value names",
      `BO_ 1 M: 8 A\n${signal("x")}VAL_ 1 x ${Array.from({ length: 40 }, (_, i) => `${i} "name ${i}"`).join(" ")};`,
    ],
  ];

  test("generateTypes() gives TypeScript without a complaint when files are weird", () => {
    const files = weird.map(([, text]) => generateTypes(parseDbc(text), "some/folder/weird.DBC"));
    expect(new Set(files.map(({ name }) => name))).toEqual(new Set(["weird.ts"]));
    const wrong = "export interface A { x: B }\n";
    const found = complaints([
      ...files.map(({ text }) => `${text}\nexport type Names = keyof WeirdMessages;\n`),
      wrong,
    ]);
    // The last is there to see that complaints are heard.
    expect(found.at(-1)).toEqual(["Cannot find name 'B'."]);
    expect(weird.flatMap(([title], index) => (found[index] ?? []).map((text) => `${title}: ${text}`))).toEqual([]);
  });
});
