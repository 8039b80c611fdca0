import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jitterProtocol } from "../../src/cli/jitter-protocol.js";
import { generateHeaders } from "../../src/gen/c-header.js";
import { skipUnless } from "../support/skip.js";
import { hasTool, Workshop } from "./compiler.js";
import { askingProtocol, everythingProtocol, keywordProtocol, silentProtocol } from "./protocols.js";

const golden = join(import.meta.dirname, "golden");
const protocols = [jitterProtocol, everythingProtocol, keywordProtocol, askingProtocol, silentProtocol];
const files = generateHeaders(protocols);
const freestanding = ["-ffreestanding", "-O2", "-c"];

const builds = [
  ["gcc", ["-std=c11"], "gcc"],
  ["gcc", ["-std=c11", "-O0"], "gcc"],
  ["clang", ["-std=c11"], "clang"],
  ["aarch64-linux-gnu-gcc", ["-std=c11", "-mstrict-align"], "aarch64-linux-gnu-gcc"],
  ["arm-linux-gnueabihf-gcc", ["-std=c11", "-mno-unaligned-access"], "arm-linux-gnueabihf-gcc"],
  ["g++", ["-std=c++17", "-x", "c++"], "g++"],
  ["clang++", ["-std=c++17", "-x", "c++"], "clang"],
  ["clang++", ["-std=c++17", "-x", "c++", "--target=aarch64-none-elf"], "clang"],
  ["clang++", ["-std=c++17", "-x", "c++", "--target=armv7a-none-eabi"], "clang"],
] as const;

/** A unit that uses every function of the headers, as a compiler looks into no inline function that is not used. */
function useAll(): string {
  const includes = files.map(({ name }) => `#include "${name}"`);
  const functions = files.flatMap(({ text }) =>
    [...text.matchAll(/^static inline [^(]*?(\w+)\(/gm)].map(([, name]) => name),
  );
  const entries = functions.map((name) => `\t(entry_point)${name},`);
  const type = "typedef void (*entry_point)(void);";
  return [
    ...includes,
    type,
    "extern const entry_point entry_points[];",
    "const entry_point entry_points[] = {",
    ...entries,
    "};",
  ]
    .join("\n")
    .concat("\n");
}

describe("generateHeaders()", () => {
  test("generateHeaders() gives the golden headers when INTERCELL_UPDATE_GOLDEN is not set", () => {
    for (const { name, text } of files) {
      const path = join(golden, name);
      if (process.env["INTERCELL_UPDATE_GOLDEN"] === "1") writeFileSync(path, text);
      expect(text).toBe(readFileSync(path, "utf8"));
    }
  });

  test("generateHeaders() gives the same bytes when it is called again", () => {
    expect(generateHeaders(protocols)).toEqual(files);
  });

  test.each(files)("$name has no line longer than 120 columns but static assertions, when tabs take 8", ({ text }) => {
    const lines = text.split("\n").filter((line) => !line.startsWith("INTERCELL_STATIC_ASSERT"));
    expect(lines.filter((line) => line.replaceAll("\t", " ".repeat(8)).length > 120)).toEqual([]);
  });

  for (const [compiler, options, tool] of builds) {
    const name = `${compiler} ${options.join(" ")} compiles all headers without warnings when they are used together`;
    test(name, skipUnless(hasTool(tool), `${tool} is missing`), () => {
      using shop = new Workshop();
      for (const file of files) shop.write(file.name, file.text);
      const flags = [...freestanding, ...options, "-Wno-cast-function-type"];
      shop.compile(compiler, flags, shop.write("all.c", useAll()), "all.o");
    });
  }

  test.each(files)("$name needs no header before it when it is included first and twice", ({ name, text }) => {
    using shop = new Workshop();
    shop.write(name, text);
    const source = shop.write("alone.c", `#include "${name}"\n#include "${name}"\n`);
    shop.compile("gcc", [...freestanding, "-std=c11"], source, "alone.o");
  });

  test(
    "headers leave nothing to link when they are compiled for a bare machine",
    skipUnless(hasTool("aarch64-linux-gnu-gcc"), "aarch64-linux-gnu-gcc is missing"),
    () => {
      using shop = new Workshop();
      for (const { name, text } of files) shop.write(name, text);
      const source = shop.write("all.c", useAll());
      for (const level of ["-O3", "-Os"]) {
        const options = [...freestanding, "-std=c11", level, "-Wno-cast-function-type", "-fno-pic"];
        const object = shop.compile("aarch64-linux-gnu-gcc", options, source, "all.o");
        expect(`${level}: ${shop.undefinedSymbols(object)}`).toBe(`${level}: `);
      }
    },
  );
});
