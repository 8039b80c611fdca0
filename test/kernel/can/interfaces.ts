import { execFileSync } from "node:child_process";

/** Runs ip(8) with words that have no blanks in them; gives what it prints. */
export function ip(words: string): string {
  return execFileSync("ip", words.split(" "), { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** Runs tc(8). */
export function tc(words: string): void {
  execFileSync("tc", words.split(" "), { stdio: ["ignore", "ignore", "inherit"] });
}

/** Makes a virtual interface that carries CAN FD, and takes it up. */
export function addVcan(name: string): void {
  ip(`link add ${name} type vcan`);
  ip(`link set ${name} mtu 72 up`);
}

export function remove(name: string): void {
  ip(`link del ${name}`);
}

/** Bytes of a classic frame in a queue of the kernel. */
const FRAME_BYTES = 16;

/** Makes the queue of an interface keep what it gets, up to so many classic frames. */
export function plug(name: string, frames = 10): void {
  tc(`qdisc replace dev ${name} root plug limit ${frames * FRAME_BYTES}`);
}

/** Makes the queue hand on what it has, and what it gets from now on. */
export function unplug(name: string): void {
  tc(`qdisc change dev ${name} root plug release_indefinite`);
}

/** Takes the plug out for good. */
export function removePlug(name: string): void {
  tc(`qdisc del dev ${name} root`);
}
