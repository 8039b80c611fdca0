// Packs the package, installs it into an empty project as a user would, and imports each subpath it offers there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { name, exports, bin = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const project = mkdtempSync(join(tmpdir(), "intercell-install-"));

function run(command, args, cwd) {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

try {
  const tarball = run("npm", ["pack", "--silent", "--pack-destination", project], root).trim().split("\n").at(-1);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  run("npm", ["install", "--loglevel=error", "--no-audit", "--no-fund", join(project, tarball)], project);
  for (const subpath of Object.keys(exports).filter((each) => !each.endsWith(".json"))) {
    const specifier = `${name}${subpath.slice(1)}`;
    const program = `console.log(Object.keys(await import("${specifier}")).length)`;
    const count = run(process.execPath, ["--input-type=module", "-e", program], project).trim();
    console.log(`${specifier}: ${count} names`);
  }
  for (const command of Object.keys(bin)) {
    console.log(`${command} --version: ${run("npx", ["--no-install", command, "--version"], project).trim()}`);
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
