import { listMachines } from "../sim/index.js";

/** The machines that this user runs: one name to a line, or as JSON an array of objects with a `name`. */
export function listSims(json: boolean): string {
  const names = listMachines();
  if (json) return `${JSON.stringify(names.map((name) => ({ name })))}\n`;
  return names.map((name) => `${name}\n`).join("");
}
