// Builds the package and the measuring programs and runs them: npm run bench [-- --quick] [--only <regex>] [--json FILE] [--svg FILE]
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

function run(...args) {
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

/** Bundled apart from the package, which the programs import as any application does: what is measured is dist. */
async function bundle() {
  // Only there once the dependencies are installed.
  const { build } = await import("esbuild");
  const names = readdirSync(join(root, "bench"), { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: names
      .filter((name) => /(^|-)main\.ts$/.test(name.split("/").at(-1)))
      .map((name) => join("bench", name)),
    outbase: "bench",
    outdir: join(".cache", "bench"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    target: "node20",
    platform: "node",
    packages: "external",
  });
}

run(join("scripts", "setup.mjs"), "--tests");
await bundle();
run(join(".cache", "bench", "main.mjs"), ...process.argv.slice(2));
