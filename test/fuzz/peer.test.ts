import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, test } from "vitest";
import { readSeed } from "../support/seed.js";
import { skipUnless } from "../support/skip.js";

const run = promisify(execFile);
const folder = import.meta.dirname;
const regressions = join(folder, "regressions");
const hasGcc = spawnSync("gcc", ["--version"]).status === 0;

// The lane fuzz of CI searches for minutes what is only looked at here.
describe("the C peer", skipUnless(hasGcc, "gcc is missing"), () => {
  const work = mkdtempSync(join(tmpdir(), "intercell-fuzz-"));
  const replay = join(work, "replay");

  beforeAll(async () => {
    const sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1", "-std=c11"];
    const warn = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-function"];
    const sources = [join(folder, "peer_fuzz.c"), join(folder, "replay.c")];
    await run("gcc", [...sanitize, ...warn, `-I${join(folder, "../../native/include")}`, ...sources, "-o", replay]);
  });
  afterAll(() => rmSync(work, { recursive: true }));

  test.each(readdirSync(regressions))("withstands its peer as in %s", async (name) => {
    await run(replay, [join(regressions, name)], { timeout: 15_000 });
  });

  test("withstands a peer that rewrites its section at random", async () => {
    await run(replay, ["--random", String(readSeed() >>> 0), "1500"], { timeout: 18_000 });
  });
});
