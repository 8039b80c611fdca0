// Compiles the addon for each machine it is shipped for, into prebuilds/, where node-gyp-build finds it.
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { compile, findNodeHeaders, root } from "../native/toolchain.mjs";

/** The glibc of Node 20's own binaries: an addon that needs a later one narrows where the package runs. */
const GLIBC_MAX = [2, 28];

const targets = [
  { name: "linux-x64", prefix: "x86_64-linux-gnu-", apt: "gcc" },
  { name: "linux-arm64", prefix: "aarch64-linux-gnu-", apt: "gcc-aarch64-linux-gnu" },
];

function isLater([major, minor], [maxMajor, maxMinor]) {
  return major > maxMajor || (major === maxMajor && minor > maxMinor);
}

/** The latest glibc symbol version the file needs, as [major, minor]. */
function neededGlibc(prefix, file) {
  const symbols = execFileSync(`${prefix}objdump`, ["-T", file], { encoding: "utf8" });
  const versions = [...symbols.matchAll(/GLIBC_(\d+)\.(\d+)/g)].map((match) => [Number(match[1]), Number(match[2])]);
  return versions.reduce((latest, version) => (isLater(version, latest) ? version : latest), [0, 0]);
}

const headers = findNodeHeaders();
if (headers === undefined) throw new Error("Cannot prebuild as Node's headers (include/node) are not on this machine");

for (const { name, prefix, apt } of targets) {
  const output = join(root, "prebuilds", name, "intercell.node");
  try {
    compile(`${prefix}gcc`, headers, output);
  } catch (cause) {
    throw new Error(`Cannot compile for ${name}. If the compiler is missing: sudo apt install ${apt}`, { cause });
  }
  const glibc = neededGlibc(prefix, output);
  if (isLater(glibc, GLIBC_MAX))
    throw new Error(`${name} needs glibc ${glibc.join(".")}: at most ${GLIBC_MAX.join(".")}`);
  console.log(`${name}: ${statSync(output).size} bytes, glibc ${glibc.join(".")} or later`);
}
