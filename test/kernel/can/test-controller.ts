import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { listCanInterfaces } from "../../../src/can/index.js";
import { loadKernelModules, rigVariable } from "../kernel-module.js";

const NAME = "intercell_can_test";

/** What the controller of the test module can be made to see on its bus; see `test/kernel/module/can.c`. */
export type BusEvent = "hold" | "carry" | "passive" | "bus-off";

/** Loads the test module; gives the name of its interface. */
export function addTestController(): string {
  const before = listCanInterfaces().map(({ name }) => name);
  loadKernelModules("can-dev");
  execFileSync("insmod", [rigVariable("INTERCELL_TEST_MODULE")]);
  const added = listCanInterfaces().find(({ name }) => !before.includes(name));
  if (added === undefined) throw new Error("The test module made no interface");
  return added.name;
}

export function removeTestController(): void {
  if (existsSync(`/sys/module/${NAME}`)) execFileSync("rmmod", [NAME]);
}

/** Makes something happen on the bus of the controller, which is up. */
export function happen(event: BusEvent): void {
  writeFileSync(`/sys/module/${NAME}/parameters/event`, event);
}
