import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";

const RESTARTS = 400;
const work = mkdtempSync(join(tmpdir(), "intercell-c-"));

afterAll(() => rmSync(work, { recursive: true, force: true }));

test("restart_stress.c loses and repeats nothing when one side is killed again and again", () => {
  const folder = import.meta.dirname;
  const program = join(work, "restart-stress");
  const options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", `-I${join(folder, "../../native/include")}`];
  execFileSync("gcc", [...options, join(folder, "restart_stress.c"), "-o", program]);
  const seed = (fc.readConfigureGlobal().seed ?? 0) >>> 0;
  const output = execFileSync(program, [String(RESTARTS), String(seed)], { encoding: "utf8" });
  console.log(output.trimEnd());
  expect(output).toContain(`ok ${RESTARTS} restarts`);
});
