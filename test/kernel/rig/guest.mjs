import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packInitramfs } from "./initramfs.mjs";
import { cacheFolder, root } from "./paths.mjs";
import { bootQemu } from "./qemu.mjs";

const LINES_OF_CONSOLE = 40;
/** Where the guest mounts the exchange folder (init.sh). */
const EXCHANGE = "/run/exchange";
/** What a run's own switches may begin with; they are the same in the guest. */
const HANDED_ON = /^(INTERCELL_|CI$|NO_COLOR$)/;

/**
 * Runs the files of a lane in a guest and gives the exit code of vitest there. The counts of its tests are added to the file
 * that `INTERCELL_COUNTS` names, as in a run on this computer.
 *
 * @param {object} run
 * @param {import("./lanes.mjs").Lane} run.lane
 * @param {readonly string[]} run.files
 * @param {import("./kernel.mjs").Kernel} run.kernel
 * @param {Readonly<Record<string, string>>} run.environment - What the tests are told.
 * @returns {Promise<number>}
 * @throws {Error} with the end of the guest's console if the guest left no exit code.
 */
export async function runInGuest({ lane, files, kernel, environment }) {
  mkdirSync(cacheFolder, { recursive: true });
  const exchange = mkdtempSync(join(cacheFolder, "run-"));
  try {
    const initramfs = packInitramfs(kernel, exchange);
    writeFileSync(join(exchange, "command"), writeCommand(lane, files, environment));
    writeFileSync(join(exchange, "console"), "");
    await bootQemu({ ...lane, kernel, initramfs, exchange });
    if (!existsSync(join(exchange, "exit-code"))) throw new Error(describeEnd(exchange, lane.timeoutSeconds));
    handOnCounts(exchange);
    console.error(`kernel: ${kernel.release} was up after ${readFileSync(join(exchange, "uptime"), "utf8").trim()} s`);
    return Number(readFileSync(join(exchange, "exit-code"), "utf8"));
  } finally {
    rmSync(exchange, { recursive: true, force: true });
  }
}

function writeCommand({ modules = [] }, files, environment) {
  const own = Object.entries(process.env).filter(([name]) => HANDED_ON.test(name));
  const variables = {
    ...Object.fromEntries(own),
    ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }),
    ...environment,
    HOME: "/tmp",
    PATH: `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
    INTERCELL_COUNTS: `${EXCHANGE}/counts`,
  };
  const vitest = [process.execPath, "node_modules/vitest/vitest.mjs", "run", "--config", "vitest.kernel.config.ts"];
  return [
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`),
    ...(modules.length === 0
      ? []
      : [`modprobe -d "$INTERCELL_KERNEL_ROOT" -a ${modules.map(quote).join(" ")} || exit`]),
    `cd ${quote(root)}`,
    `exec ${[...vitest, ...files].map(quote).join(" ")}`,
    "",
  ].join("\n");
}

function quote(word) {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function handOnCounts(exchange) {
  const own = process.env["INTERCELL_COUNTS"] ?? "";
  const counts = join(exchange, "counts");
  if (own !== "" && existsSync(counts)) appendFileSync(own, readFileSync(counts, "utf8"));
}

function describeEnd(exchange, timeoutSeconds) {
  const lines = readFileSync(join(exchange, "console"), "utf8").trimEnd().split("\n").slice(-LINES_OF_CONSOLE);
  return (
    `The guest left no exit code: it crashed, hung, or took more than ${timeoutSeconds} s. The end of its console:\n` +
    lines.map((line) => `  | ${line.trimEnd()}`).join("\n")
  );
}
