import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

/** Environment variables by which a program that runs as a cell finds its machine and its peer id. */
export const MachineEnvironment = { MACHINE: "INTERCELL_SIM", PEER: "INTERCELL_PEER" } as const;

/** Flag of a listening socket in the `Flags` column of /proc/net/unix (`__SO_ACCEPTCON`, linux/net.h). */
const LISTENING = 0x10000;

/** A name that no other machine has. */
export function randomMachineName(): string {
  return `machine-${randomBytes(6).toString("hex")}`;
}

/** The abstract Unix socket of a machine of this user. */
export function socketName(machine: string): string {
  return `${socketPrefix()}${machine}`;
}

/** @throws TypeError if `name` is not 1 to 64 letters, digits, dots, dashes or underscores. */
export function checkMachineName(name: string): string {
  if (typeof name !== "string" || !/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new TypeError(
      `A machine's name is 1 to 64 letters, digits, dots, dashes or underscores, not ${JSON.stringify(name)}`,
    );
  }
  return name;
}

/** The names of the simulated machines that this user runs in this network namespace, sorted. */
export function listMachines(): string[] {
  return machinesIn(readFileSync("/proc/net/unix", "utf8"), socketPrefix());
}

/** @internal The machines in the text of /proc/net/unix (proc(5)). */
export function machinesIn(text: string, prefix: string): string[] {
  const names = new Set<string>();
  for (const line of text.split("\n").slice(1)) {
    const [, , , flags = "0", , , , path = ""] = line.trim().split(/\s+/);
    if ((Number.parseInt(flags, 16) & LISTENING) === 0 || !path.startsWith(`@${prefix}`)) continue;
    names.add(path.slice(prefix.length + 1));
  }
  return [...names].sort();
}

function socketPrefix(): string {
  return `intercell/${process.getuid?.() ?? 0}/`;
}
