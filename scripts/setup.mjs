// Makes a fresh or changed clone ready: dependencies, native addon, dist; with --tests also what only the tests need.
// Runs before anything is installed, so it imports Node builtins alone. Each step looks first and does only what is due.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const distStamp = join(root, ".cache", "dist.sha256");
const distInputs = ["src", "package.json", "package-lock.json", "tsconfig.json", "tsup.config.ts"];

/** Runs a command of the named step; its output is shown only if it fails. */
function run(step, command, args, environment = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (result.error !== undefined || result.status !== 0) {
    const why = result.error?.message ?? `it ended with ${result.signal ?? `exit code ${result.status}`}`;
    const output = `${result.stdout ?? ""}${result.stderr ?? ""}`.trimEnd();
    throw new Error(`Cannot set up ${step} as "${[command, ...args].join(" ")}" failed: ${why}\n${output}`);
  }
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

function checkNode() {
  const wanted = readJson(join(root, "package.json")).engines.node.replace(/^>=/, "");
  const [wantedMajor, wantedMinor] = wanted.split(".").map(Number);
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    throw new Error(`Cannot run on Node ${process.versions.node}: install Node ${wanted} or later`);
  }
}

/** npm writes its own copy of the lockfile last, so it tells a complete install of these very versions. */
function dependenciesAreDue() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) {
    return true;
  }
  const present = readJson(installed).packages;
  const wanted = Object.entries(readJson(join(root, "package-lock.json")).packages);
  return wanted.some(([path, entry]) => path !== "" && !entry.optional && present[path]?.version !== entry.version);
}

function installDependencies() {
  if (!dependenciesAreDue()) {
    return false;
  }
  // No dependency needs its install script here; the addon and the tests' bindings are built by steps of their own.
  run("the dependencies", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  return true;
}

function buildAddon() {
  run("the native addon", process.execPath, [join("scripts", "build-native.mjs")]);
  return true;
}

function hashInputs() {
  const hash = createHash("sha256");
  const add = (path) => {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update("\0");
  };
  for (const input of distInputs) {
    if (input !== "src") {
      add(input);
      continue;
    }
    const entries = readdirSync(join(root, input), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) {
      add(file.slice(root.length + 1));
    }
  }
  return hash.digest("hex");
}

function buildDist() {
  const inputs = hashInputs();
  if (existsSync(join(root, "dist")) && existsSync(distStamp) && readFileSync(distStamp, "utf8") === inputs) {
    return false;
  }
  rmSync(distStamp, { force: true });
  run("dist", process.execPath, [join("node_modules", "tsup", "dist", "cli-default.js")]);
  mkdirSync(dirname(distStamp), { recursive: true });
  writeFileSync(distStamp, inputs);
  return true;
}

/** The tests drive the C library through these two; both are built from source, which wants g++, make and python3. */
function buildTestBindings() {
  const names = ["ref-napi", "ffi-napi", join("@2060.io", "ref-napi")];
  const due = names.filter((name) => existsSync(join(root, "node_modules", name)) && !isBuilt(name));
  if (due.length === 0) {
    return false;
  }
  // Headers beside this Node spare node-gyp a download.
  const prefix = dirname(dirname(process.execPath));
  const hasHeaders = existsSync(join(prefix, "include", "node", "node_api.h"));
  run(
    "the tests' C bindings",
    "npm",
    ["rebuild", "--loglevel=error", ...due],
    hasHeaders ? { npm_config_nodedir: prefix } : {},
  );
  return true;
}

function isBuilt(name) {
  const folder = join(root, "node_modules", name, "build", "Release");
  return existsSync(folder) && readdirSync(folder).some((file) => file.endsWith(".node"));
}

/** Without the bindings most tests still run, and those that want them say why they do not; in CI all must run. */
function buildTestBindingsIfPossible() {
  try {
    return buildTestBindings();
  } catch (error) {
    if (process.env.CI === "true") {
      throw error;
    }
    console.error(`setup: ${error.message}\nsetup: going on without; on Debian: apt-get install g++ make python3`);
    return false;
  }
}

function main(args) {
  const unknown = args.filter((argument) => argument !== "--tests");
  if (unknown.length > 0) {
    throw new TypeError(`Unknown argument ${unknown[0]}: the only one is --tests`);
  }
  checkNode();
  const steps = [
    ["dependencies", installDependencies],
    ["native addon", buildAddon],
    ["dist", buildDist],
    ...(args.includes("--tests") ? [["test bindings", buildTestBindingsIfPossible]] : []),
  ];
  for (const [name, step] of steps) {
    const begin = performance.now();
    const didWork = step();
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    // On stderr, so that the output of the command that follows stays clean.
    console.error(`setup: ${name} ${didWork ? "ready" : "up to date"} (${seconds} s)`);
  }
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
