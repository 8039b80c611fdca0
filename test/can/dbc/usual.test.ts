import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Dbc, formatDbc, parseDbc } from "../../../src/can/dbc/index.js";
import { emptyDbc, messages } from "./arbitrary.js";

/** The same file with a second blank behind each keyword, which is not how programs write it: the grammar's readers take it. */
function unusual(text: string): string {
  return text.replace(/^([ \t]*(?:SG_|CM_|BA_|VAL_)) /gm, "$1  ");
}

/** What is read, or the message of why it is refused. */
function read(text: string): Dbc | string {
  try {
    return parseDbc(text);
  } catch (error) {
    return (error as Error).message.replace(/found .*/, "");
  }
}

const head = 'VERSION ""\nBU_: A B\nBO_ 256 M: 8 A\n SG_ S : 0|8@1+ (1,0) [0|0] "" B\n';

describe("what is written the usual way", () => {
  test("is read as the readers of the grammar do, in a file with everything", () => {
    const bytes = readFileSync(join(import.meta.dirname, "../../fixtures/dbc/everything.dbc"));
    const text = Buffer.from(bytes).toString("latin1");
    expect(unusual(text)).not.toBe(text);
    expect(read(text)).toEqual(read(unusual(text)));
  });

  test("is read as the readers of the grammar do, whatever the signals", () => {
    fc.assert(
      fc.property(messages, (message) => {
        const text = formatDbc({ ...emptyDbc, messages: [message] });
        expect(read(text)).toEqual(read(unusual(text)));
      }),
    );
  });

  test.each([
    ' SG_ T M : 8|8@1+ (1,0) [0|0] "" B',
    ' SG_ T m3 : 8|8@0- (0.5,-10) [-74|53.5] "degC" A,B',
    ' SG_ T m3M : 8|8@1+ (1,0) [0|0] "km/h"  A, B',
    ' SG_ T : 8|8@1+ (-0,-0.0) [-0|0] "" Vector__XXX',
    ' SG_ T : 8|8@1+ (1E-005,0) [0|0] "" B',
    ' SG_ T : 8|8@1+ (9007199254740993,0) [0|18446744073709551615] "" B',
    ' SG_ T : 8|8@1+ (1,0) [0|0] "" B ;',
    ' SG_ T : 8|8@1+ (1,0) [0|0] "a\\"b" B',
    ' SG_ T : 8|8@1+ (1,0) [0|0] "" A,\n  B',
    ' SG_ T : 8|8@1+ (1,0) [0|0] "" A,',
    ' SG_ T : 8|8@1+ (1,0) [0|0] "" A-1,B',
    ' SG_ T-1 : 8|8@1+ (1,0) [0|0] "" B',
    ' SG_ T : 8|8@1+ (1,0) [0|0] ""',
    ' SG_ S : 8|8@1+ (1,0) [0|0] "" B',
    ' SG_ __proto__ : 8|8@1+ (1,0) [0|0] "" B',
    ' SG_ T : 8|8@1+ (1,0) [0|0] "" __proto__',
    ' SG_ T : 999999|8@1+ (1,0) [0|0] "" B',
    'CM_ SG_ 256 S "What it is.";\nCM_ BO_ 256 "And this.";',
    'CM_ SG_ 256 S "Over\ntwo lines." ;\nBO_ 257 N: 8 A',
    'CM_ SG_ 256 S "With \\"marks\\" in it.";',
    'CM_ SG_ 256 S "";\nCM_ BO_ 256 S "no";',
    'CM_ SG_ 256 X "Nobody";\nCM_ SG_ 999 S "Nobody";\nCM_ "Network";\nCM_ BU_ A "Node";',
    'CM_ SG_ 256 S "no end',
    'CM_ SG_ 256 S "no semicolon"\nBO_ 257 N: 8 A',
    'BA_DEF_ SG_ "X" FLOAT 0 1;\nBA_ "X" SG_ 256 S 0.25;\nBA_ "X" SG_ 256 S -0;\nBA_ "Y" BO_ 256 "text";',
    'BA_ "X" SG_ 256 S 1E5;\nBA_ "X" BO_ 256 99999999999999999999;\nBA_ "X" 5;\nBA_ "X" BU_ A 5;',
    'VAL_ 256 S 0 "Off" 1 "On" ;\nVAL_ 256 T 0 "x";',
    'VAL_ 256 S -1 "Off" -0 "zero" 0 "zero again";',
    'VAL_ 256 S ;\nVAL_TABLE_ T 0 "a";\nVAL_ 256 S T;',
    'VAL_ 256 S 0 "Off" 1 "On"\nBO_ 257 N: 8 A',
  ])("is read as the readers of the grammar do: %j", (lines) => {
    const text = `${head}${lines}\nCM_ "end";\n`;
    expect(read(text)).toEqual(read(unusual(text)));
  });
});
