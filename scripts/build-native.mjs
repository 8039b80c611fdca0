// Runs when the package is installed: leaves alone an addon that fits, else builds one into build/Release.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile, findNodeHeaders, isCurrent, nativeFolder, root, settle } from "../native/toolchain.mjs";

const output = join(root, "build", "Release", "intercell.node");
const prebuilt = join(root, "prebuilds", `${process.platform}-${process.arch}`, "intercell.node");

function canRun(command) {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function findNodeGyp() {
  const beside = join(dirname(dirname(process.execPath)), "lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js");
  return [process.env.npm_config_node_gyp, beside].find((file) => file !== undefined && existsSync(file));
}

/** The way for a Node without headers beside it: node-gyp downloads them. */
function buildWithNodeGyp() {
  if (!canRun("make") || !canRun("python3")) {
    fail("Node's headers are not on this machine, and node-gyp, which fetches them, needs make and python3", [
      "sudo apt install build-essential python3",
    ]);
  }
  const nodeGyp = findNodeGyp();
  if (nodeGyp === undefined) {
    fail("Node's headers are not on this machine, and node-gyp, which fetches them, was not found", [
      "Install the headers (include/node) beside this Node, or run: npm rebuild intercell",
    ]);
  }
  execFileSync(process.execPath, [nodeGyp, "rebuild", "--directory", nativeFolder], { stdio: "inherit" });
  mkdirSync(dirname(output), { recursive: true });
  const partial = `${output}.${process.pid}`;
  copyFileSync(join(nativeFolder, "build", "Release", "intercell.node"), partial);
  settle(partial, output);
}

function fail(found, advice) {
  console.error(`intercell: cannot build the native addon as there is no prebuilt one that fits. ${found}.`);
  for (const line of advice) console.error(`  ${line}`);
  process.exit(1);
}

function build() {
  if (process.platform !== "linux") {
    console.error(`intercell: no native addon for ${process.platform}: devices and the simulator need Linux.`);
    return;
  }
  const compiler = process.env.CC ?? ["gcc", "cc", "clang"].find(canRun);
  if (compiler === undefined) fail("No C compiler was found", ["sudo apt install gcc"]);
  const headers = findNodeHeaders();
  try {
    if (headers === undefined) buildWithNodeGyp();
    else compile(compiler, headers, output);
  } catch (error) {
    fail(`The compiler failed: ${error.message.split("\n")[0]}`, ["sudo apt install gcc make python3 libc6-dev"]);
  }
  if (!isCurrent(output)) fail(`What was built does not load: ${output}`, ["Report this with the lines above."]);
}

// node-gyp-build prefers build/Release, so one left there from other sources would hide a prebuilt that fits.
if (!isCurrent(output) && (existsSync(output) || !isCurrent(prebuilt))) build();
