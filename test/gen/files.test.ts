import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { jitterProtocol } from "../../src/cli/jitter-protocol.js";
import { generateHeaders } from "../../src/gen/c-header.js";
import { compareFiles, writeFiles } from "../../src/gen/files.js";
import { askingProtocol } from "./protocols.js";

const files = generateHeaders([askingProtocol, jitterProtocol]);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "intercell-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("writeFiles()", () => {
  test("writeFiles() makes the folder and names what it wrote when nothing is there", () => {
    const output = join(folder, "a/b");
    expect(writeFiles(output, files)).toEqual(["asking.h", "jitter.h"]);
    expect(readdirSync(output)).toEqual(["asking.h", "jitter.h"]);
    expect(compareFiles(output, files)).toEqual([]);
  });

  test("writeFiles() leaves a file alone when it is up to date", () => {
    writeFiles(folder, files);
    const path = join(folder, "jitter.h");
    utimesSync(path, 1, 1);
    writeFileSync(join(folder, "asking.h"), readFileSync(join(folder, "asking.h"), "utf8").replace("#endif", ""));
    expect(writeFiles(folder, files)).toEqual(["asking.h"]);
    expect(statSync(path).mtimeMs).toBe(1000);
  });

  test("writeFiles() writes nothing when a file of that name was not generated", () => {
    writeFileSync(join(folder, "jitter.h"), "int precious;\n");
    expect(() => writeFiles(folder, files)).toThrow(expect.objectContaining({ code: "ERR_IN_USE" }));
    expect(readdirSync(folder)).toEqual(["jitter.h"]);
    expect(readFileSync(join(folder, "jitter.h"), "utf8")).toBe("int precious;\n");
  });

  test("writeFiles() gives the errno when the folder cannot be made", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => writeFiles(join(folder, "file/below"), files)).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
  });
});

describe("compareFiles()", () => {
  test("compareFiles() names the first line that differs when a file is stale", () => {
    writeFiles(folder, files);
    const path = join(folder, "jitter.h");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace("uint32_t unsent;", "uint16_t unsent;"));
    const line = text.split("\n").indexOf("\tuint32_t unsent;") + 1;
    expect(compareFiles(folder, files)).toEqual([
      `${path}:${line}: wanted "\\tuint32_t unsent;", found "\\tuint16_t unsent;"`,
    ]);
  });

  test("compareFiles() tells of a file that is missing, cut off or too long", () => {
    const [asking, jitter] = files.map(({ text }) => text) as [string, string];
    const wantedLines = jitter.split("\n").length;
    expect(compareFiles(folder, files)).toEqual([
      `${join(folder, "asking.h")}: is missing`,
      `${join(folder, "jitter.h")}: is missing`,
    ]);
    writeFileSync(join(folder, "asking.h"), asking.slice(0, asking.indexOf("#define")));
    writeFileSync(join(folder, "jitter.h"), `${jitter}\n`);
    expect(compareFiles(folder, files)).toEqual([
      `${join(folder, "asking.h")}:3: wanted "#define ASKING_PROTOCOL_H", found ""`,
      `${join(folder, "jitter.h")}:${wantedLines + 1}: wanted the end, found ""`,
    ]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test("compareFiles() gives the errno when a file cannot be read", () => {
    mkdirSync(join(folder, "jitter.h"));
    expect(() => compareFiles(folder, files)).toThrow(expect.objectContaining({ code: "EISDIR" }));
  });
});
