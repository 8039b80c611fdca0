import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const nativeFolder = dirname(fileURLToPath(import.meta.url));
export const root = dirname(nativeFolder);

const flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"];

// A compiler of the future may warn of more; that must not keep a user from installing.
const strict = existsSync(join(root, ".git")) ? ["-Werror"] : [];

function sources(extension) {
  const names = readdirSync(nativeFolder).filter((name) => name.endsWith(extension));
  return names.sort().map((name) => join(nativeFolder, name));
}

/** A digest of everything an addon is made from. */
export function sourceDigest() {
  const hash = createHash("sha256");
  for (const file of [...sources(".c"), ...sources(".h"), join(nativeFolder, "toolchain.mjs")]) {
    hash.update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** The folder with `node_api.h` and `uv.h`, or undefined if this machine has none. */
export function findNodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const candidates = [process.env.npm_config_nodedir, prefix, "/usr", "/usr/local"].filter(Boolean);
  const folders = candidates.map((candidate) => join(candidate, "include", "node"));
  return folders.find((folder) => ["node_api.h", "uv.h"].every((name) => existsSync(join(folder, name))));
}

/** Compiles the addon to `output`; it appears there whole or not at all, whoever else is building. */
export function compile(compiler, headers, output) {
  mkdirSync(dirname(output), { recursive: true });
  const partial = `${output}.${process.pid}`;
  const inputs = ["-I", headers, ...sources(".c"), "-shared", "-s", "-o", partial];
  execFileSync(compiler, [...flags, ...strict, ...inputs], { stdio: "inherit" });
  settle(partial, output);
}

/** Moves a finished addon to its place and notes beside it what it was made from. */
export function settle(partial, output) {
  renameSync(partial, output);
  writeFileSync(digestFile(output), `${sourceDigest()}\n`);
}

/** Whether the addon at `output` is made from the sources as they are and loads here. */
export function isCurrent(output) {
  if (!existsSync(output) || !existsSync(digestFile(output))) return false;
  if (readFileSync(digestFile(output), "utf8").trim() !== sourceDigest()) return false;
  try {
    createRequire(import.meta.url)(output);
    return true;
  } catch {
    return false;
  }
}

function digestFile(output) {
  return output.replace(/\.node$/, ".sha256");
}
