// Runs tests on a kernel of Debian in an emulated machine: npm run test:kernel [-- lane or file ...].
import { spawnSync } from "node:child_process";
import { MissingError } from "../test/kernel/rig/command.mjs";
import { runInGuest } from "../test/kernel/rig/guest.mjs";
import { prepareKernel } from "../test/kernel/rig/kernel.mjs";
import { chooseLanes } from "../test/kernel/rig/lanes.mjs";
import { buildModule } from "../test/kernel/rig/module.mjs";
import { root } from "../test/kernel/rig/paths.mjs";

/** What lies below these is the guest's own there, so that it does not see a clone of the host. */
const GUEST_FOLDERS = ["/tmp/", "/run/", "/dev/"];

function requireVisible(folder) {
  if (GUEST_FOLDERS.some((own) => `${folder}/`.startsWith(own))) {
    throw new MissingError(
      `The kernel rig cannot test ${folder}, as its guest has a folder of its own there: clone elsewhere`,
    );
  }
}

/**
 * Has this computer translate the tests and what they import, for which an emulated processor takes many times as long: vitest keeps
 * that in its cache. What it could not collect the guest translates itself, and says why.
 */
function translate(files) {
  const parameters = ["node_modules/vitest/vitest.mjs", "list", "--config", "vitest.kernel.config.ts", ...files];
  spawnSync(process.execPath, parameters, { cwd: root, stdio: "ignore" });
}

async function main(names) {
  requireVisible(root);
  const chosen = chooseLanes(names);
  const kernel = prepareKernel();
  translate(chosen.flatMap(({ files }) => files));
  for (const { name, lane, files } of chosen) {
    const environment = {
      INTERCELL_KERNEL_ROOT: kernel.root,
      ...(lane.testModule === undefined ? {} : { INTERCELL_TEST_MODULE: buildModule(kernel, lane.testModule) }),
    };
    const begin = performance.now();
    const exitCode = await runInGuest({ lane, files, kernel, environment });
    console.error(
      `kernel: lane ${name} ended with ${exitCode} after ${Math.round((performance.now() - begin) / 1000)} s`,
    );
    if (exitCode !== 0) process.exitCode = exitCode;
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof MissingError) && !(error instanceof TypeError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
