import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jitterProtocol } from "../../src/cli/jitter-protocol.js";
import { generateHeaders } from "../../src/gen/c-header.js";
import { compareFiles } from "../../src/gen/files.js";
import { skipUnless } from "../support/skip.js";

const here = import.meta.dirname;
const include = join(here, "../../native/include");
const example = join(here, "../../examples/bare-metal/jitter");
const cross = "aarch64-linux-gnu-";
const work = mkdtempSync(join(tmpdir(), "intercell-jitter-"));

afterAll(() => rmSync(work, { recursive: true, force: true }));

const hasCross = (() => {
  try {
    execFileSync(`${cross}gcc`, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const crossed = skipUnless(hasCross, `${cross}gcc is missing`);

function tool(name: string, ...options: string[]): string {
  return execFileSync(`${cross}${name}`, options, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1e8,
  });
}

test("intercell gen c has nothing to change when the example's header is checked", () => {
  expect(compareFiles(join(example, "generated"), generateHeaders([jitterProtocol]))).toEqual([]);
});

describe("the freestanding inmate", crossed, () => {
  const elf = join(work, "jitter.elf");
  const symbols = new Map<string, number>();

  beforeAll(() => {
    execFileSync(join(example, "aarch64/build.sh"), [work], { stdio: ["ignore", "inherit", "inherit"] });
    for (const line of tool("nm", elf).trim().split("\n")) {
      const [address = "", , name = ""] = line.split(" ");
      symbols.set(name, Number.parseInt(address, 16));
    }
  });

  test("jitter.elf has no undefined symbol and starts at the cell's reset address when it is linked", () => {
    expect(tool("nm", "-u", elf)).toBe("");
    expect(symbols.get("_start")).toBe(0);
    expect(tool("readelf", "-h", elf)).toMatch(/Entry point address: +0x0$/m);
  });

  test("jitter.bin ends before .bss and fits the cell's 64 KiB with its stack when it is loaded", () => {
    const image = readFileSync(join(work, "jitter.bin"));
    expect(image.length).toBeGreaterThan(4096);
    expect(image.length).toBeLessThanOrEqual(symbols.get("bss_start") ?? 0);
    expect(symbols.get("stack_top")).toBeLessThanOrEqual(0x1_0000);
    expect((symbols.get("stack_top") ?? 1) % 16).toBe(0);
    expect((symbols.get("vectors") ?? 1) % 2048).toBe(0);
  });

  test("jitter.elf uses no SIMD register, no exclusive and no atomic instruction when it is disassembled", () => {
    const code = tool("objdump", "-d", "--no-show-raw-insn", elf);
    expect(code).toContain("<jitter_run>");
    expect(code.match(/\t(ldx|stx|ldax|stlx|cas|swp|ldadd)\w*\t.*/)?.[0]).toBeUndefined();
    expect(code.match(/\t\w+\t[^<\n]*\b[qdvs](?:[12]?\d|3[01])\b[^<\n]*$/m)?.[0]).toBeUndefined();
  });
});

describe("the inmate in a Jailhouse tree", crossed, () => {
  // As inmates/Makefile of Jailhouse compiles, with the compiler's own headers alone.
  const compile = (name: string, object: string) =>
    tool(
      "gcc",
      ...["-Os", "-Werror", "-Wall", "-Wstrict-prototypes", "-Wtype-limits", "-Wmissing-declarations"],
      ...["-Wmissing-prototypes", "-fno-strict-aliasing", "-fomit-frame-pointer", "-fno-pic", "-fno-common"],
      ...["-fno-stack-protector", "-ffreestanding", "-ffunction-sections", "-nostdinc"],
      ...["-isystem", tool("gcc", "-print-file-name=include").trim()],
      ...[`-I${join(here, "jailhouse")}`, `-I${include}`, "-c", join(example, name), "-o", join(work, object)],
    );

  test("it needs no more than the inmate library offers when it is linked without it", () => {
    compile("jailhouse/main.c", "main.o");
    compile("jitter_inmate.c", "jitter_inmate.o");
    const linked = join(work, "jailhouse.o");
    tool("ld", "-r", join(work, "main.o"), join(work, "jitter_inmate.o"), "-o", linked);
    expect(tool("nm", "-g", "--defined-only", linked)).toContain(" T inmate_main\n");
    const declared = readFileSync(join(here, "jailhouse/inmate.h"), "utf8");
    const missing = tool("nm", "-u", linked)
      .trim()
      .split(/\s+U\s+|^U\s+/);
    expect(missing.length).toBeGreaterThan(10);
    for (const name of missing) expect(declared).toMatch(new RegExp(`\\b${name}\\(`));
  });
});

test("the program of docs/zephyr.md compiles without warnings when it is taken from the page", () => {
  const page = readFileSync(join(here, "../../docs/zephyr.md"), "utf8");
  const [, program = ""] = /^```c\n(.*?)^```$/ms.exec(page) ?? [];
  const source = join(work, "zephyr.c");
  writeFileSync(source, program);
  const includes = [include, example, join(here, "zephyr")].map((folder) => `-I${folder}`);
  const options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", ...includes, "-c", source, "-o", `${source}.o`];
  execFileSync("gcc", options, { stdio: ["ignore", "inherit", "inherit"] });
  expect(execFileSync("nm", ["-u", `${source}.o`], { encoding: "utf8" })).toContain(" U ivshmem_int_peer\n");
});
