import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const built = new Map<string, string>();

/** Compiles `bench/c/<name>.c` once, for this very CPU as V8 does too, and gives the program's path. */
export function buildC(name: string): string {
  const known = built.get(name);
  if (known !== undefined) return known;
  const folder = join(process.cwd(), ".cache", "bench", "c");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const source = join(process.cwd(), "bench", "c", `${name}.c`);
  const include = `-I${join(process.cwd(), "native", "include")}`;
  execFileSync("cc", ["-O2", "-march=native", "-Wall", "-Wextra", include, source, "-o", path], { stdio: "inherit" });
  built.set(name, path);
  return path;
}
