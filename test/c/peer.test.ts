import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { skipUnless } from "../support/skip.js";

const folder = import.meta.dirname;
const include = join(folder, "../../native/include");
const headers = readdirSync(join(include, "intercell"));
const programs = readdirSync(folder).filter((name) => name.endsWith("_test.c"));
const strict = ["-Wall", "-Wextra", "-Wconversion", "-Werror", `-I${include}`];
const freestanding = [...strict, "-std=c11", "-ffreestanding", "-O2", "-c"];
const vectors = join(folder, "../vectors/wire-v1/scenario.json");
const work = mkdtempSync(join(tmpdir(), "intercell-c-"));

afterAll(() => rmSync(work, { recursive: true, force: true }));

function has(tool: string): boolean {
  try {
    execFileSync(tool, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Compiles and gives the object or program's path; a compiler's complaint is the test's failure. */
function compile(compiler: string, options: readonly string[], source: string, name: string): string {
  const output = join(work, name);
  execFileSync(compiler, [...options, source, "-o", output], { stdio: ["ignore", "ignore", "inherit"] });
  return output;
}

function unit(name: string, text: string): string {
  const path = join(work, name);
  writeFileSync(path, text);
  return path;
}

const core = ["node_init", "node_start", "node_stop", "node_poll", "link_flush", "link_reserve", "link_append"];
const raw = [...core, "layout_plan", "node_prepare_sleep", "node_wake"];
const channel = ["open", "close", "send", "queue", "reserve", "commit", "broadcast", "missed", "request"];
const all = [
  ...raw,
  ...["link_close", "link_open", "link_unacknowledged", "hub_init", "latest_publish", "latest_read"],
  ...["pending_cancel", "request_reply", "request_fail", "ivshmem_find", "ivshmem_enable"],
  ...channel.map((verb) => `channel_${verb}`),
];

const network = ["init", "start", "stop", "poll", "send", "flush", "prepare_sleep", "wake"].map(
  (verb) => `net_${verb}`,
);

/** A unit that keeps the code of these functions, and of what they call. */
function unitOf(name: string, functions: readonly string[], header = "intercell.h"): string {
  const entries = functions.map((entry) => `\t(void *)intercell_${entry},\n`).join("");
  return unit(name, `#include "intercell/${header}"\nvoid *const entry_points[] = {\n${entries}};\n`);
}

const reliable = ["init", "receive", "poll", "send", "send_datagram", "due", "close"].map((verb) => `reliable_${verb}`);

const units = {
  whole: unitOf("whole.c", all),
  network: unitOf("network.c", network, "net.h"),
  reliable: unitOf("reliable.c", reliable, "reliable.h"),
};

describe("peer", () => {
  test.each(programs)("%s passes when built with the sanitizers", (name) => {
    const sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1", "-std=c11"];
    const program = compile("gcc", [...strict, ...sanitize], join(folder, name), `${name}.san`);
    expect(execFileSync(program, { encoding: "utf8" })).toMatch(/^(ok \w+\n)+$/);
  });

  const aarch64 = has("aarch64-linux-gnu-gcc");
  const emulation = skipUnless(
    aarch64 && has("qemu-aarch64-static"),
    "aarch64-linux-gnu-gcc or qemu-aarch64-static is missing",
  );

  /** What a program prints that is built for aarch64. */
  function runAarch64(name: string): string {
    const program = compile("aarch64-linux-gnu-gcc", [...strict, "-O2", "-static"], join(folder, name), `${name}.a64`);
    return execFileSync("qemu-aarch64-static", [program], { encoding: "utf8" });
  }

  describe("built for aarch64", emulation, () => {
    test.each(programs)("%s passes", (name) => {
      expect(runAarch64(name)).toMatch(/^(ok \w+\n)+$/);
    });

    test("the C peer writes what scenario.json holds when it runs the scenario", () => {
      expect(runAarch64("vectors.c")).toBe(readFileSync(vectors, "utf8"));
    });
  });

  test.each(headers)("%s stands on its own when it is included first and twice", (name) => {
    const text = `#include "intercell/${name}"\n#include "intercell/${name}"\n`;
    compile("gcc", freestanding, unit(`alone-${name}.c`, text), "alone.o");
  });

  test.each(headers)("%s includes only freestanding headers", (name) => {
    const system = readFileSync(join(include, "intercell", name), "utf8").match(/#include <.*>/g) ?? [];
    expect(["#include <stdbool.h>", "#include <stddef.h>", "#include <stdint.h>"]).toEqual(
      expect.arrayContaining(system),
    );
  });

  test.each(headers)("%s keeps files under 400 lines and functions under 70", (name) => {
    const lines = readFileSync(join(include, "intercell", name), "utf8").split("\n");
    expect(lines.length).toBeLessThanOrEqual(401);
    let start = 0;
    lines.forEach((line, index) => {
      if (line === "{") start = index;
      if (line === "}") expect(index - start).toBeLessThanOrEqual(70);
    });
  });

  const cross: [compiler: string, options: string[]][] = [
    ["gcc", []],
    ["clang", []],
    ["aarch64-linux-gnu-gcc", ["-mstrict-align"]],
    ["arm-linux-gnueabihf-gcc", ["-mno-unaligned-access"]],
  ];
  for (const [tool, extra] of cross) {
    const title = `${tool} compiles without warnings and undefined symbols when freestanding`;
    test(title, skipUnless(has(tool), `${tool} is missing`), () => {
      for (const level of ["-O1", "-O2", "-O3", "-Os"]) {
        for (const [name, source] of Object.entries(units)) {
          const object = compile(tool, [...freestanding, ...extra, level, "-fno-pic"], source, `${name}-${tool}.o`);
          const symbols = execFileSync("nm", ["-u", object], { encoding: "utf8" });
          expect(`${name}${level}${symbols}`).toBe(`${name}${level}`);
        }
      }
    });
  }

  test("scenario.json holds what the C peer writes when it runs the scenario", () => {
    const program = compile("gcc", [...strict, "-std=c11", "-O2"], join(folder, "vectors.c"), "vectors");
    expect(execFileSync(program, { encoding: "utf8" })).toBe(readFileSync(vectors, "utf8"));
  });

  for (const tool of ["g++", "clang++"]) {
    const title = `${tool} compiles C++17 without warnings when it includes the library`;
    test(title, skipUnless(has(tool), `${tool} is missing`), () => {
      const options = [...strict, "-std=c++17", "-O2", "-c", "-x", "c++"];
      compile(
        tool,
        options,
        unit(
          "plus.cc",
          '#include "intercell/intercell.h"\n#include "intercell/net.h"\n#include "intercell/reliable.h"\n',
        ),
        `plus-${tool}.o`,
      );
    });
  }

  const sized = skipUnless(aarch64, "aarch64-linux-gnu-gcc is missing");
  test("README.md tells the size when the library is built for aarch64", sized, () => {
    const readme = readFileSync(join(include, "README.md"), "utf8");
    const small = ["-Os", "-mstrict-align", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"];
    for (const [functions, title, header] of [
      [core, "node, rings and handshake", "intercell.h"],
      [raw, "the same with layout and sleep", "intercell.h"],
      [all, "the whole library", "intercell.h"],
      [network, "the network endpoint", "net.h"],
      [reliable, "sessions over Ethernet", "reliable.h"],
    ] as const) {
      const source = unitOf("size.c", functions, header);
      const object = compile("aarch64-linux-gnu-gcc", [...freestanding, ...small], source, "size.o");
      const sections = execFileSync("aarch64-linux-gnu-size", ["-A", object], { encoding: "utf8" });
      const text = Number(/^\.text\s+(\d+)/m.exec(sections)?.[1]);
      console.log(`${title}: ${text} bytes of text`);
      const told = Number(new RegExp(`${title} *\\| *(\\d+)`).exec(readme)?.[1]);
      expect.soft(Math.abs(text - told)).toBeLessThanOrEqual(told * 0.05);
    }
  });
});
