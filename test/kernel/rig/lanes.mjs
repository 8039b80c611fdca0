import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";

/**
 * What one boot of a kernel is for.
 *
 * @typedef {object} Lane
 * @property {string} folder - Its tests, from the root of the repository: all files there that end in `.kernel.ts`.
 * @property {"qemu"} machine - What boots the kernel.
 * @property {number} memoryMiB
 * @property {number} timeoutSeconds - Of all that happens in the guest, its start included.
 * @property {readonly string[]} [devices] - What QEMU's machine has besides, as parameters of its command line.
 * @property {readonly string[]} [modules] - Modules of the kernel that are loaded before the tests.
 * @property {string} [testModule] - The one of `test/kernel/module` that its tests load.
 */

/** Two SJA1000 controllers (driver `kvaser_pci`) on one bus that has neither wire times nor errors (QEMU, docs/system/devices/can.rst). */
const canControllers = [
  "-object",
  "can-bus,id=cb0",
  ...["-device", "kvaser_pci,canbus=cb0"],
  ...["-device", "kvaser_pci,canbus=cb0"],
];

/** @type {Readonly<Record<string, Lane>>} */
export const lanes = {
  uio: {
    folder: "test/kernel/uio",
    machine: "qemu",
    memoryMiB: 1536,
    timeoutSeconds: 900,
    testModule: "intercell_uio_test",
  },
  can: {
    folder: "test/kernel/can",
    machine: "qemu",
    memoryMiB: 1536,
    timeoutSeconds: 900,
    testModule: "intercell_can_test",
    devices: canControllers,
    modules: [
      "can",
      "can-raw",
      "can-bcm",
      "can-isotp",
      "vcan",
      "vxcan",
      "slcan",
      "kvaser_pci",
      "sch_plug",
      "sch_tbf",
      "dummy",
      "nlmon",
      "veth",
    ],
  },
};

/**
 * Which lanes run which files. Without arguments each lane runs all of its own.
 *
 * @param {readonly string[]} names - Names of lanes, and of files or parts of their names.
 * @returns {readonly { name: string, lane: Lane, files: readonly string[] }[]}
 * @throws {TypeError} for a name that is none of both.
 */
export function chooseLanes(names) {
  const wanted = new Set();
  for (const name of names) {
    const found = name in lanes ? filesOf(lanes[name]) : allFiles().filter((file) => file.includes(name));
    if (found.length === 0) {
      const known = [...Object.keys(lanes), ...allFiles()].join("\n  ");
      throw new TypeError(`There is no lane or file ${JSON.stringify(name)} in the kernel rig. There are:\n  ${known}`);
    }
    for (const file of found) wanted.add(file);
  }
  const isWanted = (file) => names.length === 0 || wanted.has(file);
  return Object.entries(lanes)
    .map(([name, lane]) => ({ name, lane, files: filesOf(lane).filter(isWanted) }))
    .filter(({ files }) => files.length > 0);
}

function allFiles() {
  return Object.values(lanes).flatMap(filesOf);
}

function filesOf({ folder }) {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".kernel.ts"))
    .sort()
    .map((name) => join(folder, name));
}
